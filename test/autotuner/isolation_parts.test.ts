/** The parts of isolation that need no GPU: messages, turns, shared time limits, families of configs. */
import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { Budget } from '../../src/autotuner/budget.ts'
import { readReply } from '../../src/autotuner/isolation/protocol.ts'
import { Turns } from '../../src/autotuner/isolation/turns.ts'
import { encodeMessage, MessageReader } from '../../src/autotuner/isolation/wire.ts'
import { Families } from '../../src/autotuner/trial/families.ts'
import { SharedTimeout } from '../../src/autotuner/trial/shared_timeout.ts'
import type { Config } from '../../src/config/config.ts'

afterEach(() => {
  vi.useRealTimers()
})

describe('messages', () => {
  it('arrive as they were sent, in whatever pieces', () => {
    const message = fc.oneof(
      fc.constant(new Map([[1, Uint32Array.of(1, 2, 3)]])),
      fc.constant({ ms: Number.POSITIVE_INFINITY, values: new Float64Array([Number.NaN, 1]) }),
      fc.anything(),
    )
    const property = fc.property(fc.array(message), fc.integer({ min: 1, max: 50 }), (messages, size) => {
      const bytes = Uint8Array.from(messages.flatMap((one) => [...encodeMessage(one)]))
      const reader = new MessageReader()
      const found: unknown[] = []
      for (let at = 0; at < bytes.length; at += size)
        found.push(...reader.push(bytes.subarray(at, at + size)))
      expect(found).toEqual(messages)
    })
    fc.assert(property, { numRuns: 50 })
  })

  it('that are none are refused', () => {
    const text = Buffer.from('Segmentation fault (core dumped)')
    expect(() => new MessageReader().push(text)).toThrow('a message of 1399154541 bytes')
    expect(() => new MessageReader().push(Uint8Array.of(0, 0, 0, 2, 1, 1))).toThrow()
  })

  it('that are no replies are known as such', () => {
    const property = fc.property(fc.anything(), (value) => {
      expect(readReply(value)).toBeUndefined()
      expect(readReply({ kind: 'failure', id: 1, failure: value })).toBeUndefined()
    })
    fc.assert(property, { numRuns: 200 })
    expect(readReply({ kind: 'answer', id: '1' })).toBeUndefined()
    expect(readReply({ kind: 'answer', id: 1, value: 2, more: 3 })).toEqual({
      kind: 'answer',
      id: 1,
      value: 2,
    })
  })
})

it('works that are to be alone wait for the others, and those that come later for them', async () => {
  const turns = new Turns()
  const order: string[] = []
  const work = (name: string) => async () => {
    order.push(`${name} begins`)
    await new Promise((resolve) => setTimeout(resolve, 5))
    order.push(`${name} ends`)
    if (name === 'b') throw new Error(name)
  }
  const first = [turns.beside(work('a')), turns.beside(work('b'))]
  await new Promise((resolve) => setTimeout(resolve, 0))
  const all = [...first, turns.alone(work('c')), turns.beside(work('d')), turns.alone(work('e'))]
  const settled = await Promise.allSettled(all)
  expect(settled.map(({ status }) => status)).toEqual([
    'fulfilled',
    'rejected',
    'fulfilled',
    'fulfilled',
    'fulfilled',
  ])
  for (const name of ['c', 'e']) expect(order[order.indexOf(`${name} begins`) + 1]).toBe(`${name} ends`)
  for (const name of ['a', 'b']) expect(order.indexOf(`${name} ends`)).toBeLessThan(order.indexOf('c begins'))
})

describe('a shared time limit', () => {
  const after = (ms: number) => new Promise<number>((resolve) => setTimeout(() => resolve(ms), ms))

  it('begins anew whenever one of the works ends', async () => {
    vi.useFakeTimers()
    const limit = new SharedTimeout()
    const inLine = [80, 160, 240].map((ms) => limit.within(after(ms), 100, 'compiling'))
    await vi.advanceTimersByTimeAsync(240)
    expect(await Promise.all(inLine)).toEqual([80, 160, 240])
  })

  it('ends what takes too long by itself', async () => {
    vi.useFakeTimers()
    const limit = new SharedTimeout()
    const works = [80, 190].map((ms) => limit.within(after(ms), 100, 'compiling').catch(String))
    await vi.advanceTimersByTimeAsync(300)
    expect(await Promise.all(works)).toEqual([80, 'TimeoutError: compiling took longer than 100 ms'])
  })
})

describe('families', () => {
  const config = (numWarps: number, ...blockSizes: number[]) =>
    ({ numWarps, blockSizes }) as Partial<Config> as Config

  it('are given up after three ends of one kind', () => {
    const families = new Families()
    for (const end of ['hang', 'SIGSEGV', 'hang', 'SIGSEGV']) families.lost(config(8, 4, 16), end)
    expect(families.verdict(config(8, 64))).toBeUndefined()
    families.lost(config(8, 64), 'hang')
    expect(families.verdict(config(8, 32, 2))).toBe(
      '3 configs with num_warps 8 and tiles of 64 elements were lost (hang), and none worked',
    )
    expect(families.verdict(config(4, 64))).toBeUndefined()
    expect(families.verdict(config(8, 128))).toBeUndefined()
  })

  it('are not when one of them works', () => {
    const families = new Families()
    families.works(config(8, 64))
    for (let i = 0; i < 5; i++) families.lost(config(8, 64), 'hang')
    expect(families.verdict(config(8, 64))).toBeUndefined()
  })
})

describe('a budget', () => {
  it('is neither prolonged nor given back when the clock is set back', () => {
    let clock = 50_000
    const budget = new Budget({ seconds: 10, now: () => clock })
    const pass = (ms: number) => {
      clock += ms
      return budget.remainingMs
    }
    expect([pass(4000), pass(-40_000), pass(0), pass(5000), pass(-1), pass(1000)]).toEqual([
      6000, 6000, 6000, 1000, 1000, 0,
    ])
    expect(budget.exhausted).toBe(true)
    expect(pass(-1e6)).toBe(0)
  })
})
