/**
 * Messages between two processes over a pipe: the length of each in four bytes, then the message as V8 writes
 * it, typed arrays and infinities included. Node only.
 */
import { requireNode } from '../../support/node.ts'

const WHAT = 'a process for trials'
const HEAD_BYTES = 4
/** No message is as long: what says so is no message. */
const MAX_BYTES = 2 ** 30

export function encodeMessage(message: unknown): Uint8Array {
  const body = requireNode('v8', WHAT).serialize(message)
  const bytes = new Uint8Array(HEAD_BYTES + body.length)
  new DataView(bytes.buffer).setUint32(0, body.length)
  bytes.set(body, HEAD_BYTES)
  return bytes
}

/** Puts messages together from pieces of a stream. */
export class MessageReader {
  #rest: readonly Uint8Array[] = []
  #bytes = 0
  /** Of the message that is being received, its head included; 0 while not known. */
  #wanted = 0

  /** The messages that are complete with this piece. Throws when it cannot belong to any. */
  push(piece: Uint8Array): readonly unknown[] {
    this.#rest = [...this.#rest, piece]
    this.#bytes += piece.length
    const messages: unknown[] = []
    for (let body = this.#next(); body; body = this.#next())
      messages.push(requireNode('v8', WHAT).deserialize(body))
    return messages
  }

  /** The bytes of the next message, once all of them are there. */
  #next(): Uint8Array | undefined {
    if (this.#bytes < HEAD_BYTES || this.#bytes < this.#wanted) return undefined
    const all = joined(this.#rest, this.#bytes)
    const length = new DataView(all.buffer, all.byteOffset).getUint32(0)
    if (length > MAX_BYTES) throw new Error(`a message of ${length} bytes`)
    this.#wanted = HEAD_BYTES + length
    const complete = all.length >= this.#wanted
    const rest = complete ? all.subarray(this.#wanted) : all
    const body = complete ? all.slice(HEAD_BYTES, this.#wanted) : undefined
    this.#rest = [rest]
    this.#bytes = rest.length
    if (complete) this.#wanted = 0
    return body
  }
}

function joined(pieces: readonly Uint8Array[], bytes: number): Uint8Array {
  const [only] = pieces
  if (only && pieces.length === 1) return only
  const all = new Uint8Array(bytes)
  let at = 0
  for (const piece of pieces) {
    all.set(piece, at)
    at += piece.length
  }
  return all
}
