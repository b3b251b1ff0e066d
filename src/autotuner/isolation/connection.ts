/**
 * What lies between a TrialProcess and what tries its programs: a process of Node at the other end of pipes,
 * or in browsers a Web Worker. Both are ended from outside, whatever they are doing.
 */
import { nodeProcess } from '../../support/node.ts'
import type { Request } from './protocol.ts'

/** How messages call what tries programs. */
export const TRIER: string = nodeProcess ? 'the process of trials' : 'the worker of trials'

/** Nothing can be had that tries programs: it has to be done right here. */
export class CannotIsolate extends Error {}

export interface ProcessEnd {
  /** A signal, or a word: equal for ends of the same kind. */
  readonly kind: string
  readonly what: string
  /** Something outside may have ended it. */
  readonly fromOutside: boolean
}

export interface Connection {
  /** Of a process. */
  readonly pid?: number | undefined
  /** Resolves when the system has taken it away. */
  readonly gone: Promise<void>
  send(request: Request): void
  /** Ends it at once. */
  kill(): void
}

export interface Listener {
  /** There is life: something was sent, maybe not yet all of it. */
  heard(): void
  /** A message, whatever it is; undefined for what cannot be read. */
  received(message: unknown): void
  ended(end: ProcessEnd): void
}

/** Starts what tries programs. Throws when nothing can be started. */
export type Connect = (listener: Listener) => Connection
