/** Rows that a config streams, in every combination, on the workgroup interpreter. */
import { describe, expect, it } from 'vitest'
import { hl, type Tensor } from '../../src/language/index.ts'
import type { KernelFunction } from '../../src/language/trace/trace_kernel.ts'
import { ConfigError } from '../../src/support/errors.ts'
import { drawConfigs } from '../config/random_configs.ts'
import { whole } from '../gpu/inputs.ts'
import * as kernels from '../gpu/kernels.ts'
import type { HostArgument } from '../language/harness.ts'
import * as batched from './batched_kernels.ts'
import { Compiled } from './compiling.ts'
import { OnCpu } from './on_cpu.ts'

const CLOSE = { abs: 1e-3, rel: 1e-4 }

function input(...shape: readonly number[]): HostArgument {
  return { ...whole(shape), dynamic: undefined }
}

function wholeRows(x: Tensor, y: Tensor): Tensor {
  const out = hl.empty([x.shape[0], y.shape[1]])
  for (const [tm, tn] of hl.tile([x.shape[0], y.shape[1]]))
    out.at(tm, tn).set(x.at(tm, ':').dot(y.at(':', tn)))
  return out
}

function wholeMatrix(x: Tensor, y: Tensor): Tensor {
  const out = hl.empty([x.shape[0], y.shape[1]])
  for (const tm of hl.tile(x.shape[0])) out.at(tm, ':').set(x.at(tm, ':').dot(y.at(':', ':')))
  return out
}

/** The row is centred by one pass, and walked again for each tile of columns. */
function centredProduct(x: Tensor, y: Tensor, bias: Tensor): Tensor {
  const out = hl.empty([x.shape[0], y.shape[1]])
  for (const tm of hl.tile(x.shape[0])) {
    const row = x.at(tm, ':')
    const centred = row.sub(row.amax(-1, { keepdim: true }))
    for (const tn of hl.tile(y.shape[1])) out.at(tm, tn).set(hl.addmm(bias.at(tn), centred, y.at(':', tn)))
  }
  return out
}

function scores(q: Tensor, k: Tensor): Tensor {
  const out = hl.empty([q.shape[0]])
  for (const tq of hl.tile(q.shape[0])) {
    const top = hl.full([tq], -1000)
    for (const tk of hl.tile(k.shape[0]))
      top.maximumAssign(q.at(tq, ':').dot(k.at(tk, ':').transpose()).amax(1))
    out.at(tq).set(top)
  }
  return out
}

function twoRows(x: Tensor): Tensor {
  const out = hl.empty([x.shape[0]])
  for (const t of hl.tile(x.shape[0])) out.at(t).set(x.at(t, ':', ':').sum(-1).amax(-1))
  return out
}

/** Stores of the row while a loop still reads it. */
function readAfterStore(x: Tensor, y: Tensor): Tensor {
  const out = hl.zeros([x.shape[0]])
  for (const t of hl.tile(x.shape[0])) {
    const row = x.at(t, ':')
    x.at(t, ':').set(row.mul(2))
    const total = hl.zeros([t])
    for (const u of hl.tile(y.shape[0])) total.addAssign(row.sum(1).mul(y.at(u).sum()))
    out.at(t).set(total)
  }
  return out
}

/** A store to the row's memory by another shape of it, between two passes over the row. */
function storedThroughView(x: Tensor): Tensor {
  const out = hl.emptyLike(x)
  const halves = x.reshape([x.shape[0], 2, -1])
  for (const t of hl.tile(x.shape[0])) {
    const row = x.at(t, ':')
    const sum = row.sum(1, { keepdim: true })
    halves.at(t, 0, ':').set(sum)
    out.at(t, ':').set(row.sub(sum))
  }
  return out
}

const CASES: Readonly<Record<string, readonly [KernelFunction, ...HostArgument[]]>> = {
  'a product of rows': [wholeRows, input(5, 41), input(41, 9)],
  'a product of rows without elements': [wholeRows, input(5, 0), input(0, 9)],
  'a product with a matrix': [wholeMatrix, input(5, 40), input(40, 33)],
  'a product in a loop': [centredProduct, input(4, 32), input(32, 19), input(19)],
  'a product whose result a loop reduces': [scores, input(6, 33), input(11, 33)],
  'products of a batch': [batched.wholeBatch, input(9, 4, 10), input(9, 12, 10)],
  'products of all pairs': [batched.allPairs, input(2, 12, 9), input(2, 9, 10)],
  'heads of attention': [batched.attentionOfHeads, input(2, 6, 9), input(2, 9, 9), input(2, 9, 9)],
  'reductions along two rows': [twoRows, input(3, 18, 20)],
  'a loop behind a store': [readAfterStore, input(3, 18), input(5)],
  'a store through a view': [storedThroughView, input(3, 18)],
  softmax: [kernels.softmax, input(3, 40)],
}

function combinations(rows: number): (number | null)[][] {
  if (rows === 0) return [[]]
  return combinations(rows - 1).flatMap((rest) => [null, 8].map((chunk) => [...rest, chunk]))
}

describe.each(Object.keys(CASES))('%s', (name) => {
  it.each([true, false])('dynamic: %s', (dynamic) => {
    const [fn, ...args] = CASES[name] ?? expect.fail(name)
    const subject = new OnCpu(fn, args, { dynamic, maxWorkgroupInvocations: 64, tolerance: CLOSE })
    const { rows, spec } = { ...subject.compiled.input, spec: subject.compiled.spec }
    const configs = drawConfigs(spec, 3, 11)
    const outcomes = combinations(rows.length).map((chunks, i) => {
      const reduction_loops = chunks.map((chunk, row) => (rows[row]?.canLoop ? chunk : null))
      const random = spec.normalize({ ...configs[i % 3]?.data, reduction_loops }, 'repair')
      subject.outcome(random.data)
      return subject.outcome({ reduction_loops, num_warps: 1 })
    })
    expect(outcomes.filter((outcome) => outcome === 'right').length).toBeGreaterThan(outcomes.length / 2)
  })
})

describe('a row', () => {
  const canLoop = (name: string): readonly boolean[] => {
    const [fn, ...args] = CASES[name] ?? expect.fail(name)
    return new Compiled(fn, args, { dynamic: true }).input.rows.map((row) => row.canLoop)
  }

  it('is streamed along what a product contracts, its rows, its columns and its batch', () => {
    expect(canLoop('a product of rows')).toEqual([true])
    expect(canLoop('a product with a matrix')).toEqual([true, true])
    expect(canLoop('products of a batch')).toEqual([true, true, true])
  })

  it('is kept where it would be read again after it was overwritten', () => {
    expect(canLoop('a loop behind a store')).toEqual([false])
    expect(canLoop('a store through a view')).toEqual([false, true])
  })

  it('long enough for no memory is streamed by the default config', () => {
    const shaped = (...shape: number[]): HostArgument => ({ ...input(1), shape, data: [] })
    const args = [shaped(4096, 2 ** 17), shaped(2 ** 17, 4096)]
    const { spec } = new Compiled(wholeRows, args, { dynamic: true })
    const { reduction_loops, block_sizes } = spec.defaultConfig().data
    expect({ reduction_loops, block_sizes }).toEqual({ reduction_loops: [16], block_sizes: [128, 128] })
  })

  it('that keeps another from being streamed says so', () => {
    const kernel = (x: Tensor): Tensor => {
      const out = hl.empty([x.shape[0]])
      for (const t of hl.tile(x.shape[0])) {
        const v = x.at(t, ':', ':')
        const [rows, columns] = [v.sum(2, { keepdim: true }), v.sum(1, { keepdim: true })]
        out.at(t).set(v.mul(rows).mul(columns).sum(2).sum(1))
      }
      return out
    }
    const subject = new OnCpu(kernel, [input(3, 18, 20)], { tolerance: CLOSE })
    expect(subject.outcome({ reduction_loops: [8, null] })).toBe('right')
    expect(subject.outcome({ reduction_loops: [null, 8] })).toBe('right')
    const refused = (): unknown => subject.run({ reduction_loops: [8, 8] })
    expect(refused).toThrow(ConfigError)
    expect(refused).toThrow('reduction_loops streams slice1 and slice2, which cannot be streamed together')
  })
})
