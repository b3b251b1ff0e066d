/**
 * Appends to the records of a run. Lines are one write to a file opened for appending, on the disk before
 * the next step begins: killing the process at any moment loses nothing that was reported as done. Node
 * only.
 */
import { atPath } from '../../support/file_errors.ts'
import { makeFolder } from '../../support/files.ts'
import { requireNode } from '../../support/node.ts'
import type { AotRecord } from '../records.ts'

const NEWLINE = '\n'.charCodeAt(0)

export class RecordWriter {
  readonly path: string
  readonly #file: number

  /**
   * Opens or creates the file; a line that was torn when a process died is closed, so that it costs no
   * other.
   */
  constructor(path: string) {
    const fs = requireNode('fs', 'writing records')
    const { dirname } = requireNode('path', 'writing records')
    this.path = path
    makeFolder(dirname(path))
    this.#file = fs.openSync(path, 'a+')
    const { size } = fs.fstatSync(this.#file)
    if (size > 0 && lastByte(this.#file, size) !== NEWLINE) fs.writeSync(this.#file, '\n')
  }

  /** Appends records, one line each, all of them at once. */
  append(...records: readonly AotRecord[]): void {
    const fs = requireNode('fs', 'writing records')
    atPath(this.path, () => {
      fs.writeSync(this.#file, records.map((record) => `${JSON.stringify(record)}\n`).join(''))
      fs.fsyncSync(this.#file)
    })
  }

  close(): void {
    requireNode('fs', 'writing records').closeSync(this.#file)
  }
}

function lastByte(file: number, size: number): number | undefined {
  const byte = new Uint8Array(1)
  requireNode('fs', 'writing records').readSync(file, byte, 0, 1, size - 1)
  return byte[0]
}
