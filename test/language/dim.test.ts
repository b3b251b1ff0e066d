import { describe, expect, it } from 'vitest'
import { type Dim, hl, type Tensor } from '../../src/language/index.ts'
import { isSymbolic } from '../../src/language/tensors/dim.ts'
import { expectRun, host, ramp, traced } from './harness.ts'

/** The sizes that a kernel computes with a tensor of shape [6, 4]. */
function sizesOf(compute: (m: Dim, n: Dim) => readonly Dim[], dynamic: boolean): readonly unknown[] {
  let sizes: readonly unknown[] = []
  const kernel = (x: Tensor): void => {
    sizes = compute(x.shape[0], x.shape[1])
    for (const t of hl.tile(1)) x.at(t, 0).set(0)
  }
  traced(kernel, [ramp([6, 4])], { dynamic })
  return sizes
}

describe('a size', () => {
  it('is a number to the type system: it promises nothing that only one kind has', () => {
    const asDim: Dim = 3
    const asNumber: number = asDim
    expect(asNumber).toBe(3)
    // @ts-expect-error plain numbers have no such method, so the type must not have it
    expect(() => asDim.mul(2)).toThrow(TypeError)
  })

  it('has no methods of arithmetic, symbolic or not: a kernel works in both modes or in none', () => {
    const names = ['add', 'sub', 'mul', 'floorDiv', 'cdiv', 'mod', 'minimum', 'maximum']
    for (const dynamic of [false, true]) {
      const [size] = sizesOf((m) => [m], dynamic)
      expect(isSymbolic(size)).toBe(dynamic)
      expect(names.filter((name) => name in Object(size))).toEqual([])
    }
  })

  it('is rounded up by hl.cdiv, as integers of the device are; numel multiplies all of them', () => {
    const kernel = (x: Tensor, counts: Tensor, block: number) => {
      const out = hl.empty([4], 'i32')
      for (const _ of hl.grid(1)) {
        const count = counts.at(0)
        out.at(0).set(hl.cdiv(x.numel(), 4))
        out.at(1).set(hl.cdiv(count, 4))
        out.at(2).set(hl.cdiv(count, x.shape[0]))
        out.at(3).set(hl.cdiv(x.shape[1], hl.to(block, 'i32')))
      }
      return out
    }
    expectRun(kernel, [ramp([3, 7]), host([1], [8], 'i32'), 2], [6, 2, 3, 4])
  })

  it('is computed by hl in both modes', () => {
    const compute = (m: Dim, n: Dim): readonly Dim[] => [hl.sub(hl.mul(m, 2), n), hl.cdiv(m, n), hl.mod(m, n)]
    expect(sizesOf(compute, false)).toEqual([8, 2, 2])
    const texts = sizesOf(compute, true).map((size) => (isSymbolic(size) ? size.size.key : size))
    expect(texts).toEqual([
      '((x.shape[0] * 2) - x.shape[1])',
      'cdiv(x.shape[0], x.shape[1])',
      '(x.shape[0] % x.shape[1])',
    ])
  })
})
