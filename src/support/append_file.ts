/**
 * A file that grows by whole lines, each append one write: killing the process at any moment loses nothing
 * that was appended. Node only.
 */
import { atPath } from './file_errors.ts'
import { makeFolder, openAppending } from './files.ts'
import { requireNode } from './node.ts'

const NEWLINE = '\n'.charCodeAt(0)

export class AppendFile {
  readonly path: string
  /** Whether there was nothing in it when it was opened. */
  readonly isNew: boolean
  readonly #file: number
  /** An append ended in the middle of a line. */
  #isTorn = false

  /**
   * Opens or creates the file and the folders above it; a line that was torn when a process died is closed,
   * so that it costs no other.
   */
  constructor(path: string) {
    const fs = requireNode('fs', `writing ${path}`)
    const { dirname } = requireNode('path', `writing ${path}`)
    this.path = path
    makeFolder(dirname(path))
    this.#file = openAppending(path)
    const { size } = fs.fstatSync(this.#file)
    this.isNew = size === 0
    if (size > 0 && lastByte(this.#file, size) !== NEWLINE) fs.writeSync(this.#file, '\n')
  }

  /** Appends text that ends with a newline; `toDisk` waits until a loss of power takes nothing of it. */
  append(text: string, { toDisk = false }: { readonly toDisk?: boolean } = {}): void {
    const fs = requireNode('fs', `writing ${this.path}`)
    atPath(this.path, () => {
      this.#write(this.#isTorn ? `\n${text}` : text)
      if (toDisk) fs.fsyncSync(this.#file)
    })
  }

  /** A disk that is nearly full takes a part, and says no only when asked for the rest. */
  #write(text: string): void {
    const fs = requireNode('fs', `writing ${this.path}`)
    const bytes = new TextEncoder().encode(text)
    for (let at = 0; at < bytes.length; this.#isTorn = at < bytes.length)
      at += fs.writeSync(this.#file, bytes, at)
  }

  close(): void {
    requireNode('fs', `writing ${this.path}`).closeSync(this.#file)
  }
}

function lastByte(file: number, size: number): number | undefined {
  const byte = new Uint8Array(1)
  requireNode('fs', 'reading a file').readSync(file, byte, 0, 1, size - 1)
  return byte[0]
}
