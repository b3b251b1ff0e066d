/** A remote cache on this machine: keeps what is put, and can be told to behave badly. */
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export type Behaviour = (request: IncomingMessage, response: ServerResponse) => boolean

export interface RemoteServer {
  readonly address: string
  /** Path to text. */
  readonly stored: Map<string, string>
  /** `GET /cache/ab…`, one for each request. */
  readonly requests: IncomingMessage[]
  /** Answers instead, where it returns true. */
  behave: Behaviour
  /** Whether it tells ETags and holds writers to them. */
  tags: boolean
  close(): Promise<void>
}

export async function remoteServer(): Promise<RemoteServer> {
  const stored = new Map<string, string>()
  const requests: IncomingMessage[] = []
  const server = createServer((request, response) => {
    requests.push(request)
    if (!remote.behave(request, response)) answer(request, response, remote)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const remote: RemoteServer = {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/cache`,
    stored,
    requests,
    behave: () => false,
    tags: true,
    close: () => {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
  return remote
}

function answer(request: IncomingMessage, response: ServerResponse, { stored, tags }: RemoteServer): void {
  const { method, url = '', headers } = request
  const known = stored.get(url)
  const tag = known === undefined ? undefined : `"${createHash('sha256').update(known).digest('hex')}"`
  if (method === 'GET') {
    response.writeHead(known === undefined ? 404 : 200, tags && tag ? { etag: tag } : {}).end(known)
    return
  }
  let text = ''
  request.setEncoding('utf8').on('data', (part: string) => {
    text += part
  })
  request.on('end', () => {
    const changed =
      (headers['if-match'] !== undefined && headers['if-match'] !== tag) ||
      (headers['if-none-match'] === '*' && known !== undefined)
    if (!(tags && changed)) stored.set(url, text)
    response.writeHead(tags && changed ? 412 : 204).end()
  })
}
