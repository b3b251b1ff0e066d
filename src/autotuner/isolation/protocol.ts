/**
 * What the process that tries programs is told and what it answers: plain data. Requests carry everything
 * that they need, so that a process that takes the place of another can answer them.
 */
import type { AdapterInfo } from '../../runtime/adapter/adapter.ts'
import type { StorageType } from '../../support/storage_types.ts'
import type { Expected } from '../trial/accuracy.ts'
import type { TrialProgram, TrialSubject } from '../trial/trial_program.ts'
import type { CompareOptions, Places, TrialOptions } from '../trial/trial_runner.ts'

/** Changes whenever anything here does: a bundle may find another version of this package beside it. */
export const PROTOCOL = 3

/** What holds the contents of the arguments: the path of a file, in browsers a Blob. */
export type Handed = string | Blob

/** A piece of that. */
export interface Contents {
  readonly dtype: StorageType
  readonly bytes: number
  readonly offset: number
}

/** Answers of a call: a number stands for them, the values are sent once to each process. */
export interface SentExpected {
  readonly key: number
  readonly values: readonly Expected[] | undefined
}

export type Job =
  | {
      readonly kind: 'start'
      readonly protocol: number
      readonly adapter: string
      readonly without: readonly string[]
      readonly info: AdapterInfo
    }
  | {
      readonly kind: 'open'
      readonly subject: TrialSubject
      readonly data: Handed
      readonly contents: readonly Contents[]
    }
  | { readonly kind: 'close' }
  | { readonly kind: 'compile'; readonly program: TrialProgram; readonly timeoutMs: number }
  | {
      readonly kind: 'measure'
      readonly program: TrialProgram
      readonly expected: SentExpected
      readonly options: TrialOptions
    }
  | { readonly kind: 'compare'; readonly programs: readonly TrialProgram[]; readonly options: CompareOptions }
  | {
      readonly kind: 'answers'
      readonly program: TrialProgram
      readonly places: Places
      readonly timeoutMs: number
    }
  | { readonly kind: 'leastLaunch' }

export interface Request {
  readonly id: number
  /** Which call the job belongs to. */
  readonly subject: number
  readonly job: Job
}

/** What went wrong with a job. */
export interface Failure {
  /** Name of the error's class. */
  readonly name: string
  readonly what: string
  readonly stack: string | undefined
  /** The process is of no further use: its device is gone or busy for ever. */
  readonly spent: boolean
}

export type Reply =
  /** Sent every now and then while anything is under way. */
  | { readonly kind: 'sign' }
  | { readonly kind: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'failure'; readonly id: number; readonly failure: Failure }

/** The message as a reply; undefined for anything else. */
export function readReply(message: unknown): Reply | undefined {
  if (!isRecord(message)) return undefined
  const { kind, id, value, failure } = message
  if (kind === 'sign') return { kind }
  if (typeof id !== 'number') return undefined
  if (kind === 'answer') return { kind, id, value }
  if (kind !== 'failure' || !isRecord(failure)) return undefined
  const { name, what, stack, spent } = failure
  if (typeof name !== 'string' || typeof what !== 'string' || typeof spent !== 'boolean') return undefined
  return { kind, id, failure: { name, what, stack: typeof stack === 'string' ? stack : undefined, spent } }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
