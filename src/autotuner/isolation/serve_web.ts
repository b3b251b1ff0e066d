/** Connects a TrialServer to the page that started this Web Worker. */
import type { Contents, Handed, Request } from './protocol.ts'
import { TrialServer, type Wrap } from './serve_trials.ts'

/** What a worker has of its own; the types of pages do not know it. */
interface WorkerScope {
  onmessage: ((event: MessageEvent) => void) | null
  postMessage(message: unknown): void
}

export function serveWeb(wrap?: Wrap): void {
  const scope = globalThis as unknown as WorkerScope
  const server = new TrialServer({ reply: (reply) => scope.postMessage(reply), read, wrap })
  scope.onmessage = ({ data }) => void server.handle(data as Request)
}

async function read(data: Handed, { bytes, offset }: Contents, into: Uint8Array): Promise<void> {
  const piece = (data as Blob).slice(offset, offset + bytes)
  into.set(new Uint8Array(await piece.arrayBuffer()))
}
