/**
 * The log of a phase: what the user's program says, and how it ran. Nothing depends on it, so that a log that
 * cannot be written costs one message, not the phase.
 */
import { closeSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { DataError } from '../support/errors.ts'
import { atPath, fileError } from '../support/file_errors.ts'
import { makeFolder, openAppending } from '../support/files.ts'
import type { Console } from './console.ts'

export class PhaseLog {
  readonly #path: string
  readonly #console: Console
  #file: number | undefined

  /** Appends to the file at `path`, and makes it where there is none. */
  constructor(path: string, console: Console) {
    this.#path = path
    this.#console = console
    this.#attempt(() => {
      makeFolder(dirname(path))
      this.#file = openAppending(path)
    })
  }

  write(chunk: string | Uint8Array): void {
    const file = this.#file
    if (file === undefined) return
    const bytes = typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk
    this.#attempt(() => atPath(this.#path, () => writeSync(file, bytes)))
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file)
    this.#file = undefined
  }

  #attempt(work: () => void): void {
    try {
      work()
    } catch (error) {
      const sentence = error instanceof DataError ? error : fileError(error)
      if (!sentence) throw error
      this.close()
      this.#console.say(`helion-aot: the log ends here: ${sentence.message}`)
    }
  }
}
