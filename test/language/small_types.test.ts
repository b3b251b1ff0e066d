/**
 * Types that only memory has, as authors meet them: what values and accumulators of such are, and mistakes.
 */
import { describe, expect, it } from 'vitest'
import { hl, type Tensor } from '../../src/language/index.ts'
import type { KernelFunction } from '../../src/language/trace/trace_kernel.ts'
import { host, run } from './harness.ts'
import { mistake } from './mistakes.ts'

describe('small types', () => {
  it('are f32, i32 and u32 in kernels', () => {
    const seen: string[] = []
    function kernel(a: Tensor, b: Tensor, c: Tensor) {
      seen.push(a.dtype, b.dtype, c.dtype)
      const out = hl.emptyLike(a)
      for (const t of hl.tile(a.shape[0])) {
        const sum = hl.zeros([t], a.dtype)
        sum.addAssign(a.at(t).add(b.at(t)))
        seen.push(a.at(t).dtype, b.at(t).dtype, c.at(t).dtype, sum.dtype, a.at(t).to('i4').dtype)
        out.at(t).set(sum.add(c.at(t)))
      }
      return out
    }
    const args = [host([2], [1.5, 300], 'bf16'), host([2], [-1, 7], 'i4'), host([2], [4, 255], 'u8')]
    const { returned } = run(kernel as KernelFunction, args)
    expect(returned).toEqual([4.5, 560]) // 562 lies between two numbers of bf16
    expect(seen.slice(0, 8)).toEqual(['bf16', 'i4', 'u8', 'f32', 'i32', 'u32', 'f32', 'i32'])
  })

  it('take integers modulo their range, and floats to its ends', () => {
    function kernel(x: Tensor, y: Tensor) {
      for (const t of hl.tile(x.shape[0])) {
        y.at(t, 0).set(x.at(t))
        y.at(t, 1).set(x.at(t).to('f32'))
        y.at(t, 2).set(99.9)
      }
    }
    const { tensors } = run(kernel as KernelFunction, [
      host([2], [130, -129], 'i32'),
      host([2, 3], () => 0, 'i8'),
    ])
    expect(tensors[1]).toEqual([-126, 127, 99, 127, -128, 99])
  })

  it('index tensors', () => {
    function kernel(x: Tensor, at: Tensor) {
      const out = hl.empty(at.shape, x.dtype)
      for (const t of hl.tile(at.shape[0])) out.at(t).set(x.at(at.at(t)))
      return out
    }
    const { returned } = run(kernel as KernelFunction, [host([3], [5, 6, 7], 'i16'), host([2], [2, 0], 'u4')])
    expect(returned).toEqual([7, 5])
  })
})

describe('mistakes', () => {
  it('atomic operations', () => {
    function kernel(x: Tensor) {
      for (const t of hl.tile(4)) x.at(t).atomicAdd(1) // ✗
    }
    expect(mistake(kernel, [host([4], () => 0, 'i8')])).toMatchInlineSnapshot(`
      "atomicAdd on a tensor of i8
      Atomic operations exist for i32, u32 and f32."
    `)
  })

  it('numbers beyond the range', () => {
    function kernel(x: Tensor) {
      for (const t of hl.tile(4)) x.at(t).set(-9) // ✗
    }
    expect(mistake(kernel, [host([4], () => 0, 'i4')])).toMatchInlineSnapshot(`
      "the number -9 does not fit i4
      Its numbers are -8 to 7."
    `)
  })

  it('the bits of a value', () => {
    function kernel(x: Tensor) {
      for (const t of hl.tile(4)) x.at(t).bitcast('bf16' as 'f16') // ✗
    }
    expect(mistake(kernel, [host([4], () => 0, 'u16')])).toMatchInlineSnapshot(`
      "bitcast of u32 to bf16
      No value is of bf16, elements of tensors are: tensor.bitcast('bf16')."
    `)
  })
})
