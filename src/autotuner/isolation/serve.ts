/**
 * Connects a TrialServer to the pipes of its process: requests on stdin, replies on descriptor 3, since
 * drivers print on the others. The process ends with the one that started it, whatever ended that one, and
 * takes the files with arguments along.
 */
import { closeSync, openSync, readSync, rmSync } from 'node:fs'
import { Socket } from 'node:net'
import { availableParallelism } from 'node:os'
import { dirname } from 'node:path'
import { isMainThread, Worker, workerData } from 'node:worker_threads'
import { HelionError } from '../../support/errors.ts'
import { fileError } from '../../support/file_errors.ts'
import { CODEGEN, serveCodegen } from '../codegen_threads.ts'
import { CompileThread, serveCompilations } from './compile_thread.ts'
import type { Contents, Handed, Request } from './protocol.ts'
import { type ServerParts, TrialServer, type Wrap } from './serve_trials.ts'
import { encodeMessage, MessageReader } from './wire.ts'

const REPLIES = 3
const READ_BYTES = 2 ** 28
/** Devices that compile, and the share of the processors that they may have: more compile no faster. */
const MOST_HELPERS = 4
const HELPERS_SHARE = 3 / 4

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
  if (!isMainThread) {
    if (workerData === CODEGEN) serveCodegen()
    else serveCompilations()
    return
  }
  const watch = new Worker(WATCH, { eval: true })
  watch.unref()
  const replies = new Socket({ fd: REPLIES, readable: false, writable: true })
  const reply: ServerParts['reply'] = (message) => replies.write(encodeMessage(message))
  const server = new TrialServer({ reply, read, wrap, compilerFor })
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
        folder = dirname(String(request.job.data))
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

/** The processor is what software adapters compute with: nothing helps them. */
const compilerFor: ServerParts['compilerFor'] = ({ adapter, without, info }) => {
  const [, entry = ''] = process.argv
  const count = Math.min(MOST_HELPERS, Math.floor(availableParallelism() * HELPERS_SHARE))
  if (info.software || count < 2) return undefined
  const thread = new CompileThread(entry, { count, adapter, without })
  return (device) => (request) => thread.compile(request, device)
}

function read(data: Handed, { bytes, offset }: Contents, into: Uint8Array): void {
  const path = String(data)
  let descriptor: number | undefined
  try {
    descriptor = openSync(path, 'r')
    for (let at = 0; at < bytes; ) {
      const count = readSync(descriptor, into, at, Math.min(READ_BYTES, bytes - at), offset + at)
      if (count === 0) throw new HelionError(`${path} is shorter than it was`)
      at += count
    }
  } catch (error) {
    throw fileError(error, path) ?? error
  } finally {
    if (descriptor !== undefined) closeSync(descriptor)
  }
}
