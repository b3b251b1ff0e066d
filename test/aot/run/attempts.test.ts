/** Who is to blame when a process ends: nobody at once, the one that was alone again and again in the end. */
import { describe, expect, it } from 'vitest'
import type { AotRecord } from '../../../src/aot/records.ts'
import { KnownRecords } from '../../../src/aot/run/known_records.ts'
import type { EndedRecord } from '../../../src/aot/trial_records.ts'
import { kernelRecord } from './records_for_tests.ts'

const PLACE = { kernel: 'add', shape_hash: 's' }

function end(cause: EndedRecord['cause'], ...config_hashes: string[]): readonly AotRecord[] {
  return [
    { event: 'trying', ...PLACE, config_hashes },
    { event: 'ended', how: 'SIGABRT', cause },
  ]
}

function after(...ends: readonly (readonly AotRecord[])[]) {
  const known = new KnownRecords([kernelRecord('add'), ...ends.flat()])
  return known.attempts.shapeOf(PLACE)
}

describe('a config', () => {
  it('is a suspect after one end, alone or not', () => {
    const attempts = after(end('unknown', 'a', 'b'), end('crash', 'c'))
    expect(['a', 'b', 'c', 'd'].map((hash) => attempts.isSuspect(hash))).toEqual([true, true, true, false])
    for (const hash of ['a', 'b', 'c']) expect(attempts.verdict(hash)).toBeUndefined()
  })

  it('is condemned by two crashes or three kills in which it was alone', () => {
    expect(after(end('crash', 'a'), end('crash', 'a')).verdict('a')).toBe(
      'the process ended each time when this config was tried (SIGABRT)',
    )
    expect(after(end('unknown', 'a'), end('unknown', 'a')).verdict('a')).toBeUndefined()
    expect(after(...Array(3).fill(end('unknown', 'a'))).verdict('a')).toBeDefined()
    expect(after(...Array(9).fill(end('crash', 'a', 'b'))).verdict('a')).toBeUndefined()
  })

  it('is condemned by the first crash in which it was alone, after one among others; kills say less', () => {
    expect(after(end('crash', 'a', 'b'), end('crash', 'a')).verdict('a')).toBeDefined()
    expect(after(end('crash', 'a', 'b'), end('crash', 'a')).verdict('b')).toBeUndefined()
    expect(after(end('unknown', 'a', 'b'), end('crash', 'a')).verdict('a')).toBeUndefined()
    expect(after(end('crash', 'a', 'b'), end('unknown', 'a')).verdict('a')).toBeUndefined()
  })

  it('that is condemned on one shape is a suspect on others, and one crash is enough there', () => {
    const condemned = [...end('crash', 'a'), ...end('crash', 'a')]
    const known = new KnownRecords([kernelRecord('add'), ...condemned])
    const other = { kernel: 'add', shape_hash: 't' }
    const attempts = known.attempts.shapeOf(other)
    expect([attempts.isSuspect('a'), attempts.verdict('a')]).toEqual([true, undefined])
    for (const record of end('crash', 'a'))
      known.add({ ...record, ...(record.event === 'trying' ? other : {}) })
    expect(attempts.verdict('a')).toBeDefined()
  })

  it('that did not end is the cause, and no other is a suspect', () => {
    const [trying, ended] = end('crash', 'a', 'b') as [AotRecord, AotRecord]
    const hung: AotRecord = {
      event: 'trial',
      ...PLACE,
      config_hash: 'b',
      config: {},
      status: 'timeout',
      seconds: 1,
    }
    const attempts = after([trying, hung, ended])
    expect(['a', 'b'].map((hash) => attempts.isSuspect(hash))).toEqual([false, false])
    expect(attempts.trials.get('b')?.status).toBe('timeout')
  })

  it('is not to blame for ends that somebody else brought about, nor for those between two attempts', () => {
    const idle: AotRecord = { event: 'trying', ...PLACE, config_hashes: [] }
    const [trying, ended] = end('crash', 'a') as [AotRecord, AotRecord]
    expect(after(...Array(9).fill(end('other', 'a'))).isSuspect('a')).toBe(false)
    expect(after([trying, idle, ended]).isSuspect('a')).toBe(false)
  })

  it('starts anew with another version of the kernel', () => {
    const records = [kernelRecord('add'), ...end('crash', 'a'), kernelRecord('add', 'v2')]
    expect(new KnownRecords(records).attempts.shapeOf(PLACE).isSuspect('a')).toBe(false)
  })
})

it('a comparison that ended the process twice is not made again', () => {
  const trying: AotRecord = { event: 'trying', ...PLACE, config_hashes: ['a', 'b'], in_turns: true }
  const lost: readonly AotRecord[] = [trying, { event: 'ended', how: 'SIGKILL', cause: 'unknown' }]
  expect(after(lost).mayCompare).toBe(true)
  expect(after(lost, lost).mayCompare).toBe(false)
  expect(after(lost).isSuspect('a')).toBe(false)
})

it('a shape is hopeless when several of its configs ended the process', () => {
  const ends = ['a', 'b', 'c', 'd'].map((hash) => end('crash', hash))
  expect(after(...ends.slice(1)).hopeless).toBeUndefined()
  expect(after(...ends).hopeless).toBe(
    '4 configs ended the process or lost the device (SIGABRT), and none worked',
  )
})

it('a search goes on in another process, but not for ever', () => {
  expect(after(...Array(7).fill(end('crash', 'a'))).mayGoOn).toBe(true)
  expect(after(...Array(8).fill(end('crash', 'a'))).mayGoOn).toBe(false)
  expect(after(...Array(8).fill(end('other', 'a'))).mayGoOn).toBe(true)
})
