/**
 * What comes back for a request may be anything: no answer that is none is taken for one, the reason is said,
 * and the next request gets its answer. Without a process: what would be one answers as the test says.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CannotIsolate, type Connect } from '../../src/autotuner/isolation/connection.ts'
import { IsolatedRunner } from '../../src/autotuner/isolation/isolated_runner.ts'
import { patiently } from '../../src/autotuner/isolation/patience.ts'
import type { Job, Request } from '../../src/autotuner/isolation/protocol.ts'
import { TrialHost } from '../../src/autotuner/isolation/trial_host.ts'
import { LostTrialError } from '../../src/autotuner/trial/trial_runner.ts'

const INFO = { vendor: 'a', architecture: 'b', device: 'c', description: 'd', software: true }
const TIME = { medianMs: 2, spread: 0, samplesMs: [1, 2, 3] }
const PROGRAM = { hash: 'p', dispatches: [], scratch: [] }
const TENSOR = { dtype: 'f16', contents: undefined, written: true, fill: undefined } as const
const SUBJECT = {
  kernel: 'k',
  tensors: [
    { ...TENSOR, shape: [4] },
    { ...TENSOR, shape: [9] },
  ],
  flushCache: true,
}
const PLACES = new Map([
  [0, undefined],
  [1, Uint32Array.of(0, 5, 7)],
])
const ANSWERS = new Map([
  [0, new ArrayBuffer(8)],
  [1, new ArrayBuffer(6)],
])
const NO_ANSWER = 'the process of trials answered with something that is no answer'

type Kind = Job['kind']
const GOOD: Readonly<Record<Kind, unknown>> = {
  start: INFO,
  open: undefined,
  close: undefined,
  compile: 12,
  measure: { time: TIME, mismatch: undefined },
  compare: [TIME, TIME],
  answers: ANSWERS,
  leastLaunch: TIME,
}

type Message = (request: Request) => unknown
const good: Message = ({ id, job }) => ({ kind: 'answer', id, value: GOOD[job.kind] })

/** What answers with these messages, at some time. */
function answering(message: Message): Connect {
  return (listener) => ({
    gone: Promise.resolve(),
    send: (request) => queueMicrotask(() => listener.received(message(request))),
    kill() {},
  })
}

/** A host whose present process answers as `bad` says to requests of that kind. */
function hostWith(kind: Kind, bad: { now: Message | undefined }): TrialHost {
  const connect = answering((request) => (request.job.kind === kind && bad.now ? bad.now : good)(request))
  return new TrialHost({ info: INFO, adapter: '', without: [], connect })
}

const open = (host: TrialHost) => IsolatedRunner.open(host, SUBJECT, [], undefined as never)

const options = { timeoutMs: 1000, bestMs: 1, tolerance: { atol: null, rtol: null } }
const ASK: Readonly<
  Record<
    'compile' | 'measure' | 'compare' | 'answers' | 'leastLaunch',
    (runner: IsolatedRunner) => Promise<unknown>
  >
> = {
  compile: (runner) => runner.compile(PROGRAM, 1000),
  measure: (runner) => runner.measure(PROGRAM, [], options),
  compare: (runner) => runner.compare([PROGRAM, PROGRAM], { targetMs: 1, maxSamples: 1 }),
  answers: (runner) => runner.answers(PROGRAM, PLACES, 1000),
  leastLaunch: (runner) => runner.leastLaunch(),
}
const KINDS = Object.keys(ASK) as (keyof typeof ASK)[]

/** Whole messages, and values in messages that are right. */
const garbage = (kind: Kind): fc.Arbitrary<Message> =>
  fc.oneof(
    fc.anything().map((message) => () => message),
    fc.anything().map((value) => ({ id }: Request) => ({ kind: 'answer', id, value })),
    fc.anything().map((failure) => ({ id }: Request) => ({ kind: 'failure', id, failure })),
    fc.integer().map((id) => () => ({ kind: 'answer', id: id + 1e6, value: GOOD[kind] })),
  )

describe.each(KINDS)('garbage for %s', (kind) => {
  it('is no answer, and the next one is', async () => {
    const bad: { now: Message | undefined } = { now: undefined }
    const runner = await open(hostWith(kind, bad))
    const property = fc.asyncProperty(garbage(kind), async (message) => {
      bad.now = message
      const lost = await ASK[kind](runner).then(
        (value) => {
          expect(kind === 'compile' && Number(value) >= 0 ? GOOD.compile : value).toEqual(GOOD[kind])
        },
        (error: unknown) => error,
      )
      if (lost !== undefined) {
        expect(lost).toBeInstanceOf(LostTrialError)
        expect((lost as LostTrialError).what).toBe(NO_ANSWER)
      }
      bad.now = undefined
      expect(await ASK[kind](runner)).toEqual(GOOD[kind])
    })
    await fc.assert(property, { numRuns: 60 })
    runner.dispose()
  })
})

describe.each(['start', 'open'] as const)('garbage for %s', (kind) => {
  it('means that there is no process, with the reason', async () => {
    const property = fc.asyncProperty(garbage(kind), async (message) => {
      const opening = open(hostWith(kind, { now: message })).then(
        (runner) => runner.dispose(),
        (error: unknown) => error,
      )
      const refused = await opening
      // What an open process says besides does not matter.
      if (refused === undefined) {
        expect(kind).toBe('open')
        return
      }
      expect(refused).toBeInstanceOf(CannotIsolate)
      expect(String(refused)).toMatch(/no answer|another adapter/)
    })
    await fc.assert(property, { numRuns: 60 })
  })
})

const without = (change: (answers: Map<unknown, unknown>) => unknown): Message => {
  const answers = new Map<unknown, unknown>(ANSWERS)
  change(answers)
  return ({ id }) => ({ kind: 'answer', id, value: answers })
}

it.each<[string, keyof typeof ASK, Message]>([
  ['a tensor is missing', 'answers', without((answers) => answers.delete(1))],
  ['another tensor is there', 'answers', without((answers) => answers.set(2, answers.get(1)))],
  ['too few bytes', 'answers', without((answers) => answers.set(0, new ArrayBuffer(6)))],
  ['no bytes', 'answers', without((answers) => answers.set(1, new ArrayBuffer(0)))],
  [
    'a time that is not that of its samples',
    'leastLaunch',
    ({ id }) => ({ kind: 'answer', id, value: { ...TIME, medianMs: 1e-9 } }),
  ],
  [
    'a time without samples',
    'leastLaunch',
    ({ id }) => ({ kind: 'answer', id, value: { ...TIME, samplesMs: [] } }),
  ],
  ['one time for two programs', 'compare', ({ id }) => ({ kind: 'answer', id, value: [TIME] })],
  ['an answer twice', 'leastLaunch', ({ id }) => ({ kind: 'answer', id: id - 1, value: TIME })],
])('an answer that only looks like one is none: %s', async (_what, kind, message) => {
  const bad = { now: message }
  const runner = await open(hostWith(kind, bad))
  await expect(ASK[kind](runner)).rejects.toThrow(NO_ANSWER)
  runner.dispose()
})

it('a thread that was busy hears first what has come meanwhile', async () => {
  const { port1, port2 } = new MessageChannel()
  const connect: Connect = (listener) => {
    port1.onmessage = ({ data }) => listener.received(data)
    port2.onmessage = ({ data }) => port2.postMessage(good(data as Request))
    return { gone: Promise.resolve(), send: (request) => port1.postMessage(request), kill() {} }
  }
  const host = new TrialHost({ info: INFO, adapter: '', without: [], graceMs: 20, connect })
  const runner = await open(host)
  const answer = runner.compile(PROGRAM, 20)
  // From within a timer: those that are due meanwhile come next, before what has arrived.
  setTimeout(() => {
    for (const end = performance.now() + 300; performance.now() < end; );
  })
  expect(await answer).toBe(GOOD.compile)
  runner.dispose()
  for (const port of [port1, port2]) port.close()
})

it('patience ends with time in which nothing came, and when it is called off', async () => {
  const begin = performance.now()
  await new Promise<void>((resolve) => patiently(40, resolve))
  expect(performance.now() - begin).toBeGreaterThanOrEqual(36)
  let called = false
  patiently(5, () => {
    called = true
  })()
  await new Promise((resolve) => setTimeout(resolve, 30))
  expect(called).toBe(false)
})

it('patience does not count the time in which the thread was busy as time without a sign', async () => {
  let called = false
  const callOff = patiently(400, () => {
    called = true
  })
  for (const end = performance.now() + 500; performance.now() < end; );
  await new Promise((resolve) => setTimeout(resolve))
  expect(called).toBe(false)
  callOff()
})
