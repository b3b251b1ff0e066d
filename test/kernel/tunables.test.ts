/** Tunables of kernels: numbers that a config chooses and that the kernel is traced for. */
import { describe, expect, it } from 'vitest'
import { Config, ConfigError, getDevice, hl, kernel, type Tensor, tensor } from '../../src/index.ts'
import { FOREVER, ramp, trial } from '../autotuner/kernel_trials.ts'

const ROWS = 7
const X = tensor(Array.from({ length: ROWS * 40 }, (_, i) => (i * 5) % 13)).reshape([ROWS, 40])
const SUMS = Array.from({ length: ROWS }, (_, r) =>
  Array.from({ length: 40 }, (_, c) => ((r * 40 + c) * 5) % 13).reduce((a, b) => a + b, 0),
)

/** Rows are shared out among so many programs: sizes, loops and memory depend on a tunable. */
function sharedOut(x: Tensor): Tensor {
  const [m, n] = x.shape
  const parts = hl.registerTunable('parts', hl.powerOf2(1, 8))
  const wide = hl.registerTunable('wide', hl.oneOf(false, true))
  const length = hl.cdiv(n, parts)
  const partial = hl.zeros([parts, m])
  const out = hl.empty([m])
  for (const [p, r] of hl.tile([parts, m], { blockSize: [1, null] })) {
    const begin = p.begin.mul(length)
    const end = hl.minimum(begin.add(length), n)
    const acc = hl.zeros([r])
    if (wide) for (const c of hl.tile(begin, end)) acc.addAssign(x.at(r, c).sum(1))
    else for (const c of hl.grid(begin, end)) acc.addAssign(x.at(r, c))
    partial.at(p.begin, r).set(acc)
  }
  for (const r of hl.tile(m)) {
    const acc = hl.zeros([r])
    for (const p of hl.staticRange(parts)) acc.addAssign(partial.at(p, r))
    out.at(r).set(acc)
  }
  return out
}

describe.each([true, false])('static shapes %s', (staticShapes) => {
  const subject = kernel({ staticShapes, autotuneEffort: 'none' }, sharedOut)

  it('the default, and every value', async () => {
    expect([...(await subject(X).data())]).toEqual(SUMS)
    for (const parts of [1, 2, 8])
      for (const wide of [false, true]) {
        subject.bind(X).setConfig({ parts, wide })
        expect([...(await subject(X).data())], `parts ${parts}, wide ${wide}`).toEqual(SUMS)
      }
  })
})

it('stand in the config, its space and its code', async () => {
  await getDevice()
  const bound = kernel(sharedOut).bind(X)
  expect(bound.defaultConfig().data).toMatchObject({ parts: 1, wide: false })
  expect(bound.toWgsl({ parts: 8 })).not.toEqual(bound.toWgsl({ parts: 2 }))
  expect(String(new Config({ parts: 4 }))).toBe('new Config({ parts: 4 })')
  expect(() => bound.toWgsl({ parts: 3 })).toThrow(
    'config field parts is 3; allowed: a power of two from 1 to 8',
  )
  expect(() => bound.toWgsl({ part: 2 })).toThrow('config has the unknown field part')
})

it('are searched, and every value is checked against the interpreter', async () => {
  const { spec, benchmarker } = await trial(sharedOut, [await ramp([ROWS, 40])])
  const slots = spec.slots.map(({ field }) => field)
  expect(slots).toEqual(expect.arrayContaining(['block_sizes', 'parts', 'wide']))
  const configs = [{}, { parts: 4 }, { parts: 8, wide: true }].map((one) => spec.normalize(one, 'strict'))
  const results = await benchmarker.measure(configs, { budget: FOREVER, compileTimeoutMs: 60_000 })
  expect(results.map(({ status, reason }) => [status, reason])).toEqual(configs.map(() => ['ok', undefined]))
  expect(new Set(results.map(({ programHash }) => programHash)).size).toBe(3)
})

it('an assertion that does not hold for a value refuses the config', async () => {
  await getDevice()
  const bound = kernel(function few(x: Tensor) {
    const parts = hl.registerTunable('parts', hl.integer(1, 4))
    hl.staticAssert(parts < 3, 'few parts only')
    const out = hl.emptyLike(x)
    for (const t of hl.tile(x.shape[0])) out.at(t).set(x.at(t).mul(parts).div(parts))
    return out
  }).bind(tensor([1, 2]))
  expect(bound.toWgsl({ parts: 2 })).toContain('fn main')
  expect(() => bound.toWgsl({ parts: 4 })).toThrow(ConfigError)
  expect(() => bound.toWgsl({ parts: 4 })).toThrow('with parts: 4: few parts only')
})

it('what callers see may not depend on them', async () => {
  await getDevice()
  const bound = kernel(function visible(x: Tensor) {
    const parts = hl.registerTunable('parts', hl.integer(1, 4))
    const out = hl.empty([parts])
    for (const t of hl.tile(parts)) out.at(t).set(x.at(0))
    return out
  }).bind(tensor([1, 2]))
  expect(() => bound.toWgsl({ parts: 2 })).toThrow(
    'what visible returns or writes depends on its tunables: with parts: 2 it differs',
  )
})
