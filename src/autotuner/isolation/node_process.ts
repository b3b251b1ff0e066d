/** A process of Node that tries programs: requests on its stdin, replies on the pipe after stderr. */
import type { Readable } from 'node:stream'
import { errorMessage } from '../../support/errors.ts'
import { nodeProcess, requireNode } from '../../support/node.ts'
import { type Connect, type ProcessEnd, TRIER } from './connection.ts'
import type { Entry } from './entry.ts'
import { encodeMessage, MessageReader } from './wire.ts'

/** What a process prints last is kept, in case that it explains its end. */
const KEPT_TEXT = 2000
const SHOWN_TEXT = 200

export function connectProcess({ path, flags }: Entry): Connect {
  return (listener) => {
    const { spawn } = requireNode('child_process', 'a process for trials')
    const child = spawn(nodeProcess?.execPath ?? 'node', [...flags, path], {
      stdio: ['pipe', 'ignore', 'pipe', 'pipe'],
      windowsHide: true,
    })
    const [requests, , printed, replies] = child.stdio
    if (!requests || !printed || !replies) throw new Error(`${path} could not be started`)
    let text = ''
    // How it ended is what counts, not that it cannot be written to any more.
    requests.on('error', () => {})
    const gone = new Promise<void>((resolve) => {
      child.on('exit', () => resolve())
      child.on('error', () => resolve())
    })
    child.on('error', (error) =>
      listener.ended({ kind: 'exit', what: errorMessage(error), fromOutside: false }),
    )
    child.on('exit', (code, signal) => listener.ended(endOf(code, signal, lastLine(text))))
    receive(replies as Readable, listener)
    printed.on('data', (piece: Uint8Array) => {
      text = (text + piece).slice(-KEPT_TEXT)
    })
    // While nothing is asked it is no reason for the program to go on.
    for (const handle of [child, ...child.stdio]) (handle as { unref?: () => void } | null)?.unref?.()
    return {
      pid: child.pid,
      gone,
      send: (request) => requests.write(encodeMessage(request)),
      kill: () => child.kill('SIGKILL'),
    }
  }
}

function receive(replies: Readable, listener: Parameters<Connect>[0]): void {
  const reader = new MessageReader()
  replies.on('data', (piece: Uint8Array) => {
    listener.heard()
    try {
      for (const message of reader.push(piece)) listener.received(message)
    } catch {
      listener.received(undefined)
    }
  })
}

function endOf(code: number | null, signal: string | null, printed: string): ProcessEnd {
  const how = signal ?? `exit code ${code}`
  const said = printed === '' ? '' : `; it said: ${printed}`
  return { kind: signal ?? 'exit', what: `${TRIER} ended (${how})${said}`, fromOutside: signal === 'SIGKILL' }
}

function lastLine(text: string): string {
  return (text.trim().split('\n').at(-1) ?? '').slice(0, SHOWN_TEXT)
}
