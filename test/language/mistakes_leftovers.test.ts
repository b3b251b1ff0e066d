/** What a kernel leaves: tensors that nothing writes, and values that nothing uses. */
import { describe, expect, it } from 'vitest'
import { hl, type Tensor } from '../../src/language/index.ts'
import { type KernelFunction, traceKernel } from '../../src/language/trace/trace_kernel.ts'
import { ramp, traced } from './harness.ts'
import { mistake } from './mistakes.ts'

const X = ramp([4])

describe('a tensor that nothing writes', () => {
  it('is refused when it is returned', () => {
    const kernel = (x: Tensor) => {
      const out = hl.emptyLike(x)
      const other = hl.empty([4]) // ✗
      for (const t of hl.tile(4)) out.at(t).set(x.at(t))
      return { out, other }
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "the kernel k returns a tensor that nothing writes
      Write it in a loop over tiles: out.at(…).set(…); or fill it: hl.zeros, hl.full."
    `)
  })

  it('is refused when it is read', () => {
    const kernel = (x: Tensor) => {
      const scratch = hl.empty([4]) // ✗
      for (const t of hl.tile(4)) x.at(t).set(scratch.at(t))
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "the kernel k reads a tensor that nothing writes
      Write it in a loop over tiles: out.at(…).set(…); or fill it: hl.zeros, hl.full."
    `)
  })

  it('is fine where it is filled, empty, an argument, or written atomically', () => {
    const kernel = (x: Tensor) => {
      const [zeros, nothing, counts] = [hl.zeros([4]), hl.empty([0]), hl.empty([1], 'i32')]
      for (const t of hl.tile(4)) counts.at(t.index.mul(0)).atomicAdd(1)
      return [zeros, nothing, counts, x]
    }
    expect(() => traced(kernel, [X])).not.toThrow()
  })
})

describe('a value that nothing uses', () => {
  /** The messages, and the texts of the lines that they name. */
  function warnings(fn: (x: Tensor) => unknown): readonly string[] {
    const texts: string[] = []
    const args = [{ kind: 'tensor', shape: [4], dtype: 'f32', dynamic: [true] }] as const
    traceKernel({ name: 'k', fn: fn as KernelFunction, args, warn: (text) => texts.push(text) })
    return texts.map((text) => text.replace(/at .*?(\w+\.test\.ts):\d+:\d+/, 'at $1'))
  }

  it('is named with its line and the way out', () => {
    expect(
      warnings((x) => {
        for (const t of hl.tile(4)) {
          const acc = hl.zeros([t])
          for (const _ of hl.tile(4)) acc.add(x.at(t))
          x.at(t).exp()
          x.at(t).set(acc)
        }
      }),
    ).toMatchInlineSnapshot(`
      [
        "k: a value of add is computed and never used
        at mistakes_leftovers.test.ts
        Methods make new values; acc.addAssign(x) changes acc in place. Use the value, or remove the line.",
        "k: a value of exp is computed and never used
        at mistakes_leftovers.test.ts
        Methods make new values. Use the value, or remove the line.",
      ]
    `)
  })

  it('is not one that only parts of a kernel use, nor what loops and methods make beside it', () => {
    expect(
      warnings((x) => {
        const sums = hl.empty([4])
        for (const t of hl.tile(4)) {
          const { mean, total } = { mean: x.at(t).mean(), total: hl.zeros([]) }
          for (const _ of hl.grid(1, 4, 2)) total.addAssign(mean)
          for (const i of hl.grid(2)) x.at(i).set(total)
          x.at(t).set(hl.rand(7, [t]))
          x.at(t).set(hl.zeros([t.blockSize.mul(2)]).sum())
          sums.at(t).set(x.at(t).softmax(0).add(x.at(t.index).logsumexp(0)).to('f32'))
        }
        return sums
      }),
    ).toEqual([])
  })
})
