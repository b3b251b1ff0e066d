/**
 * Connects a TrialServer to the pipes of its process: requests on stdin, replies on descriptor 3, since
 * drivers print on the others. The process ends with the one that started it, whatever ended that one.
 */
import { Socket } from 'node:net'
import { Worker } from 'node:worker_threads'
import type { Request } from './protocol.ts'
import { TrialServer, type Wrap } from './serve_trials.ts'
import { encodeMessage, MessageReader } from './wire.ts'

const REPLIES = 3

/** Ends a process whose main thread is stuck in a driver once its parent is gone. */
const WATCH = `
const parent = process.ppid
setInterval(() => { if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL') }, 1000)
`

export function serve(wrap?: Wrap): void {
  const replies = new Socket({ fd: REPLIES, readable: false, writable: true })
  const server = new TrialServer((reply) => replies.write(encodeMessage(reply)), wrap)
  const end = (): void => {
    server.cleanUp()
    // At once: drivers that are busy would not let the process exit.
    process.kill(process.pid, 'SIGKILL')
  }
  // The other side is gone; stdin says so too.
  replies.on('error', end)
  const reader = new MessageReader()
  process.stdin.on('data', (piece: Uint8Array) => {
    for (const request of reader.push(piece)) void server.handle(request as Request)
  })
  process.stdin.on('end', end)
  // Ctrl-C is meant for the program, which ends its search and then this process.
  process.on('SIGINT', () => {})
  new Worker(WATCH, { eval: true }).unref()
}
