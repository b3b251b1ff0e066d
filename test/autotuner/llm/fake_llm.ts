/**
 * A language model on this machine: an HTTPS server that speaks both APIs and does with each question what a
 * test says. No test asks a real one.
 */
import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Authority } from './authority.ts'

export const KEY = 'sk-test-0123456789abcdefXYZ'

export interface Question {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: Record<string, unknown>
  readonly text: string
  /** Whether the client showed a certificate of the authority. */
  readonly certified: boolean
}

export type Act = (response: ServerResponse, question: Question, index: number) => void

export interface FakeLlm {
  readonly base: string
  readonly questions: Question[]
  act: Act
  /** Forgets all questions, those that are on their way too. */
  reset(): void
  close(): Promise<void>
}

export async function startFakeLlm(
  { server: files }: Authority,
  { mutual = false }: { mutual?: boolean } = {},
): Promise<FakeLlm> {
  const questions: Question[] = []
  const server = createServer(
    { ...files, requestCert: true, rejectUnauthorized: mutual },
    (request, response) => {
      let text = ''
      request.on('data', (chunk) => {
        text += chunk
      })
      request.on('end', () => {
        const { authorized } = request.socket as unknown as { authorized: boolean }
        const { url: path = '', headers } = request
        const question = { path, headers, body: JSON.parse(text), text, certified: authorized }
        questions.push(question)
        fake.act(response, question, questions.length - 1)
      })
    },
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const fake: FakeLlm = {
    base: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    questions,
    act: (response) => void response.destroy(),
    reset() {
      server.closeAllConnections()
      questions.length = 0
    },
    close() {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
  return fake
}

/** Answers with a text, in the form of the API that was asked. */
export function says(...texts: readonly string[]): Act {
  return (response, { path }, index) => {
    const text = texts[Math.min(index, texts.length - 1)] ?? ''
    const answer = /(\/messages|\/invoke|:rawPredict)$/.test(path)
      ? { type: 'message', content: [{ type: 'text', text }], stop_reason: 'end_turn' }
      : {
          status: 'completed',
          error: null,
          output: [
            { type: 'reasoning', summary: [] },
            { type: 'message', content: [{ type: 'output_text', text }] },
          ],
        }
    sends(200, JSON.stringify(answer))(response)
  }
}

export function sends(status: number, body: string, headers: Readonly<Record<string, string>> = {}) {
  return (response: ServerResponse): void => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers })
    response.end(body)
  }
}
