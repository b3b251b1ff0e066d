/**
 * Hands the contents of arguments to what tries programs, once for all that may take its place: in a file, in
 * browsers in a Blob.
 */
import type { Storage } from '../../runtime/memory/storage.ts'
import type { Stream } from '../../runtime/stream.ts'
import { errorMessage } from '../../support/errors.ts'
import { fileError } from '../../support/file_errors.ts'
import { nodeProcess, requireNode } from '../../support/node.ts'
import { CannotIsolate } from './connection.ts'
import type { Contents, Handed } from './protocol.ts'

const WHAT = 'a process for trials'
const WRITE_BYTES = 2 ** 28

export interface Handover {
  readonly data: Handed
  readonly contents: readonly Contents[]
}

/** Rejects with CannotIsolate where there is no room, and as `Stream.read` does. */
export async function handOver(storages: readonly Storage[], stream: Stream): Promise<Handover> {
  const sink = nodeProcess ? new FileSink() : new BlobSink()
  const contents: Contents[] = []
  let offset = 0
  try {
    for (const storage of storages) {
      const { dtype, bytes } = storage
      const data = new Uint8Array(bytes === 0 ? new ArrayBuffer(0) : await stream.read(storage))
      orCannot(() => sink.add(data.subarray(0, bytes)))
      contents.push({ dtype, bytes, offset })
      offset += bytes
    }
    return { data: orCannot(() => sink.end()), contents }
  } catch (error) {
    sink.abort()
    throw error
  }
}

/** Takes what was handed over away again. */
export function takeBack(data: Handed): void {
  if (typeof data === 'string') requireNode('fs', WHAT).rmSync(data, { force: true })
}

/** Where the contents go, one after another. */
interface Sink {
  add(data: Uint8Array<ArrayBuffer>): void
  end(): Handed
  abort(): void
}

class BlobSink implements Sink {
  #blob = new Blob()

  add(data: Uint8Array<ArrayBuffer>): void {
    this.#blob = new Blob([this.#blob, data])
  }

  end(): Blob {
    return this.#blob
  }

  abort(): void {}
}

let files = 0

class FileSink implements Sink {
  readonly #fs = requireNode('fs', WHAT)
  readonly #path: string
  readonly #descriptor: number

  constructor() {
    this.#path = requireNode('path', WHAT).join(ownFolder(), `${++files}`)
    this.#descriptor = orCannot(() => this.#fs.openSync(this.#path, 'wx', 0o600))
  }

  add(data: Uint8Array<ArrayBuffer>): void {
    const { length } = data
    for (let at = 0; at < length; )
      at += this.#fs.writeSync(this.#descriptor, data, at, Math.min(length - at, WRITE_BYTES))
  }

  end(): string {
    this.#fs.closeSync(this.#descriptor)
    return this.#path
  }

  abort(): void {
    this.#fs.close(this.#descriptor, () => {})
    takeBack(this.#path)
  }
}

let folder: string | undefined

/** A folder of this process, for its life. */
function ownFolder(): string {
  const fs = requireNode('fs', WHAT)
  if (folder === undefined) {
    const parent = requireNode('os', WHAT).tmpdir()
    const made = orCannot(() => fs.mkdtempSync(requireNode('path', WHAT).join(parent, 'helion-aot-trials-')))
    nodeProcess?.once('exit', () => fs.rmSync(made, { recursive: true, force: true }))
    folder = made
  }
  return folder
}

/** A full disk or a folder that cannot be written to is no reason not to search. */
function orCannot<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    const why =
      fileError(error, 'a file for the arguments')?.what ??
      `cannot copy the arguments: ${errorMessage(error)}`
    throw new CannotIsolate(why)
  }
}
