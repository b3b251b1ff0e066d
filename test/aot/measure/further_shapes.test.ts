/** Shapes made between and around known ones. */
import { describe, expect, it } from 'vitest'
import { type ArgumentSizes, furtherShapes, sizesIn } from '../../../src/aot/measure/further_shapes.ts'
import { product } from '../../../src/support/maths.ts'

/** `x [m, k]`, `y [k, n]`, and a number. */
function matmul(m: number, k: number, n: number): ArgumentSizes {
  return [[m, k], [k, n], undefined]
}

describe('further shapes', () => {
  const known = [matmul(128, 64, 4096), matmul(2048, 512, 4096), matmul(16, 2048, 4096)]

  it('keep what the known ones have in common', () => {
    const made = furtherShapes(known)
    expect(made.length).toBeGreaterThan(2)
    for (const [x = [], y = [], scalar] of made) {
      expect(x[1]).toBe(y[0])
      expect(y[1]).toBe(4096)
      expect(scalar).toBeUndefined()
      expect(x.every((size) => size % 16 === 0)).toBe(true)
      expect(product(x)).toBeLessThanOrEqual(2048 * 512)
    }
  })

  it('lie between two, and where sizes of two meet', () => {
    const made = furtherShapes(known).map(([x = []]) => x.join('x'))
    expect(made).toContain('512x192')
    expect(made).toContain('2048x64')
    expect(made).not.toContain('128x64')
  })

  it('begin with the one that is farthest from all that is known', () => {
    const line = [matmul(64, 64, 64), matmul(4096, 64, 64), matmul(80, 64, 64)]
    expect(furtherShapes(line)[0]?.[0]).toEqual([512, 64])
  })

  it('are none where nothing is known to change', () => {
    expect(furtherShapes([])).toEqual([])
    expect(furtherShapes([known[0] ?? []])).toEqual([])
    expect(furtherShapes([matmul(8, 8, 8), matmul(8, 8, 8)])).toEqual([])
  })

  it('have the sizes of features, and of the call where features leave them out', () => {
    expect(sizesIn({ arg0_dim1: 7, arg0_dtype: 'f32' }, [[3, 5], undefined])).toEqual([[3, 7], undefined])
  })
})
