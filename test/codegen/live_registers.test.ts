/** Registers that are live at the worst point of a program, and what is refused for them. */
import { describe, expect, it } from 'vitest'
import { compileKernel } from '../../src/codegen/compile.ts'
import { liveRegisters } from '../../src/codegen/schedule/live_registers.ts'
import type { Expr } from '../../src/codegen/thread/expr.ts'
import type { MemoryArray } from '../../src/codegen/thread/memory.ts'
import { typeOf } from '../../src/codegen/thread/types.ts'
import { Writer } from '../../src/codegen/thread/writer.ts'
import type { KernelFunction } from '../../src/language/trace/trace_kernel.ts'
import { drawConfigs } from '../config/random_configs.ts'
import { CASE_NAMES, CASES } from '../gpu/cases.ts'
import { whole } from '../gpu/inputs.ts'
import { softmax } from '../gpu/kernels.ts'
import { argumentOf, argumentsOf } from './case_arguments.ts'
import { Compiled } from './compiling.ts'

const F32 = typeOf('f32', 1)
const ARRAY: MemoryArray = { space: 'storage', name: 'a', element: F32, atomic: false, tensor: 0 }

/** What a program that is written by hand needs. */
function needed(write: (out: Writer, read: (at: number) => Expr) => void, subgroupSize = 32): number {
  const out = new Writer()
  const e = out.expressions
  write(out, (at) => out.let('v', e.read(ARRAY, e.u32(at))))
  const { statements: body } = out
  return liveRegisters({ body, subgroupSize, threads: 64, buffers: [], arrays: [], fields: [] })
}

describe('live at the worst point', () => {
  it('values until they are read last', () => {
    const inTurn = needed((out, read) => {
      for (let i = 0; i < 4; i++) out.store(ARRAY, out.expressions.u32(i), read(i), {})
    })
    expect(inTurn).toBe(1)
    const atOnce = needed((out, read) => {
      const values = [0, 1, 2, 3].map(read)
      for (const [i, value] of values.entries()) out.store(ARRAY, out.expressions.u32(i), value, {})
    })
    expect(atOnce).toBe(4)
  })

  it('vectors and halves by their bits', () => {
    const wide = (dtype: 'f32' | 'f16'): number =>
      needed((out) => {
        const value = out.let('v', out.expressions.constant(1, typeOf(dtype, 4)))
        out.store(ARRAY, out.expressions.u32(0), out.expressions.component(value, 0), {})
      })
    expect([wide('f32'), wide('f16')]).toEqual([4, 2])
  })

  it('what a loop reads, in all its rounds', () => {
    const looped = needed((out, read) => {
      const e = out.expressions
      const outside = read(0)
      const sum = out.variable('sum', e.literal(0, 'f32'))
      const counter = out.counter('i', typeOf('u32', 1))
      const condition = e.binary('<', counter, e.u32(4))
      out.loop({ counter, init: e.u32(0), condition, step: e.u32(1) }, () => {
        out.assign(sum, e.add(sum, outside))
        // Nothing but the counter, the value from outside and the sum are live at these.
        const [first, second] = [read(1), read(2)]
        out.store(ARRAY, e.u32(1), e.add(first, second), {})
      })
      out.store(ARRAY, e.u32(0), sum, {})
    })
    expect(looped).toBe(5)
  })

  it('of a branch what it reads, and what is read behind it', () => {
    const branched = needed((out, read) => {
      const e = out.expressions
      const [inside, behind] = [read(0), read(1)]
      out.if('some', e.binary('<', e.builtin('thread'), e.u32(3)), () => {
        const value = out.let('v', e.add(inside, e.literal(1, 'f32')))
        out.store(ARRAY, e.u32(0), value, {})
      })
      out.store(ARRAY, e.u32(1), behind, {})
    })
    // Both, and the condition.
    expect(branched).toBe(3)
  })

  it('what is in the making within an expression', () => {
    const made = needed((out) => {
      const e = out.expressions
      const at = (i: number): Expr => e.read(ARRAY, e.u32(i))
      // Two sums wait for each other, and so do the parts of the second.
      out.store(ARRAY, e.u32(0), e.mul(e.add(at(0), at(1)), e.add(at(2), at(3))), {})
    })
    expect(made).toBe(3)
  })

  it('of fragments the part of a lane', () => {
    const part = (subgroupSize: number): number =>
      needed((out) => {
        const shape = { m: 16, n: 16, k: 16 }
        const sums = [0, 1].map(() => out.fragmentZero('sum', { part: 'result', dtype: 'f32', shape }))
        const place = {
          array: ARRAY,
          outer: out.expressions.u32(0),
          offset: 0,
          pitch: 16,
          columnMajor: false,
        }
        for (const sum of sums) out.fragmentStore(sum, place, {})
      }, subgroupSize)
    expect([part(32), part(8)]).toEqual([16, 64])
  })
})

describe('refused', () => {
  it('by what is live in the program, where the values of tiles alone are few enough', () => {
    const compiled = new Compiled(softmax as KernelFunction, [argumentOf(whole([512, 4096]))], {
      registerBudget: 170,
    })
    const config = { block_sizes: [128], reduction_loops: [64], num_warps: 4, indexing: 'pointer' } as const
    expect(() => compiled.program(config)).toThrow(
      'the config needs about 266 registers per thread; the budget is 255',
    )
  })

  it.each(CASE_NAMES)('nothing early that the program has room for: %s', (name) => {
    const compiled = new Compiled(CASES[name].fn as KernelFunction, argumentsOf(name))
    const { kernel, limits, spec } = compiled
    for (const config of drawConfigs(spec, 4, 5)) {
      if (spec.refusal(config)) continue
      const { dispatches } = compileKernel(kernel, config, limits)
      const registerBudget = Math.max(...dispatches.map(({ registers }) => registers))
      compileKernel(kernel, config, { ...limits, registerBudget })
    }
  })
})
