/**
 * Connects a TrialServer to the pipes of its process: requests on stdin, replies on descriptor 3, since
 * drivers print on the others. The process ends with the one that started it, whatever ended that one, and
 * takes the files with arguments along.
 */
import { rmSync } from 'node:fs'
import { Socket } from 'node:net'
import { dirname } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Request } from './protocol.ts'
import { TrialServer, type Wrap } from './serve_trials.ts'
import { encodeMessage, MessageReader } from './wire.ts'

const REPLIES = 3

/** Does the same as `end` for a process whose main thread is stuck in a driver. */
const WATCH = `
const parent = process.ppid
let folder
require('node:worker_threads').parentPort.on('message', (message) => { folder = message })
setInterval(() => {
  if (process.ppid === parent) return
  if (folder) require('node:fs').rmSync(folder, { recursive: true, force: true })
  process.kill(process.pid, 'SIGKILL')
}, 1000)
`

export function serve(wrap?: Wrap): void {
  const watch = new Worker(WATCH, { eval: true })
  watch.unref()
  const replies = new Socket({ fd: REPLIES, readable: false, writable: true })
  const server = new TrialServer((reply) => replies.write(encodeMessage(reply)), wrap)
  const reader = new MessageReader()
  let folder: string | undefined
  const end = (): void => {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true })
    // At once: drivers that are busy would not let the process exit.
    process.kill(process.pid, 'SIGKILL')
  }
  process.stdin.on('data', (piece: Uint8Array) => {
    for (const request of reader.push(piece) as Request[]) {
      if (request.job.kind === 'open') {
        folder = dirname(request.job.file)
        watch.postMessage(folder)
      }
      void server.handle(request)
    }
  })
  process.stdin.on('end', end)
  // The other side is gone; stdin says so too.
  replies.on('error', end)
  // Ctrl-C is meant for the program, which ends its search and then this process.
  process.on('SIGINT', () => {})
}
