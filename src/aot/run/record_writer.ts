/**
 * Appends to the records of a run. Lines are on the disk before the next step begins: killing the process or
 * the machine at any moment loses nothing that was reported as done. Node only.
 */
import { AppendFile } from '../../support/append_file.ts'
import type { AotRecord } from '../records.ts'

export class RecordWriter {
  readonly #file: AppendFile

  /** Opens or creates the file. */
  constructor(path: string) {
    this.#file = new AppendFile(path)
  }

  get path(): string {
    return this.#file.path
  }

  /** Appends records, one line each, all of them at once. */
  append(...records: readonly AotRecord[]): void {
    this.#file.append(records.map((record) => `${JSON.stringify(record)}\n`).join(''), { toDisk: true })
  }

  close(): void {
    this.#file.close()
  }
}
