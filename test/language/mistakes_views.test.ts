/** Mistakes with views of tensors, and what they say. */
import { describe, expect, it } from 'vitest'
import { hl, type Tensor } from '../../src/language/index.ts'
import { host, run, traced } from './harness.ts'
import { mistake, thrownBy } from './mistakes.ts'

const X = host([3, 4], (i) => i)

/** A kernel that copies a view of its argument, in tiles. */
const copyOf = (viewOf: (x: Tensor) => Tensor) => (x: Tensor) => {
  const view = viewOf(x)
  const out = hl.empty(view.shape, x.dtype)
  for (const tiles of hl.tile(view.shape)) out.at(...tiles).set(view.at(...tiles))
  return out
}

describe('mistakes', () => {
  const made = (of: (x: Tensor) => unknown) => (x: Tensor) => {
    for (const t of hl.tile(x.shape[0])) x.at(t, ':').set(0)
    of(x)
  }
  it.each([
    ['T', (x: Tensor) => x.unsqueeze(0).T, 'x.unsqueeze(0).T of a tensor with 3 dimensions'],
    ['permute', (x: Tensor) => x.permute(0), 'x.permute(0) does not name each of the 2 dimensions once'],
    ['squeeze', (x: Tensor) => x.squeeze(1), 'x.squeeze(1): dimension 1 has 4 positions, not one'],
    [
      'slice',
      (x: Tensor) => x.slice(1, 2, 9),
      'x.slice(1, 2, 9) ends after the last position of dimension 1: 9 is not at most 4',
    ],
    ['step', (x: Tensor) => x.slice(1, 0, 4, -1), 'x.slice(1, 0, 4, -1) with a step of -1'],
    [
      'expand',
      (x: Tensor) => x.expand([3, 8]),
      'x.expand([3, 8]) repeats only axes of one: 4 is not equal to 8',
    ],
    [
      'reshape',
      (x: Tensor) => x.T.reshape([-1]),
      'x.T.reshape([-1]) cannot be a view: dimensions 0 to 1 do not lie together in memory',
    ],
    [
      'sizes',
      (x: Tensor) => x.reshape([5, 2]),
      'x.reshape([5, 2]) makes another number of elements: 10 is not equal to 12',
    ],
    ['twice', (x: Tensor) => x.reshape([-1, -1]), 'x.reshape([-1, -1]) with -1 twice'],
    ['kind', (x: Tensor) => x.reshape(12 as never), 'reshape: shape is 12, not a list of sizes'],
    ['contiguous', (x: Tensor) => x.contiguous(), 'contiguous() on x inside a kernel function'],
  ])('%s', (_, of, what) => {
    const message = String(thrownBy(() => traced(made(of), [X], { dynamic: false })))
    expect(message).toContain(`AuthorError: ${what}\n`)
    expect(message).toContain('mistakes_views.test.ts')
  })

  it('sizes that only a launch knows are checked there', () => {
    expect(() =>
      run(
        copyOf((x) => x.slice(1, 2, 9)),
        [X],
      ),
    ).toThrow('x.slice(1, 2, 9) ends after the last position of dimension 1')
    expect(() =>
      run(
        copyOf((x) => x.reshape([5, -1])),
        [X],
      ),
    ).toThrow('makes another number of elements')
  })

  it('a view as the result, with a size that the config decides', () => {
    const kernel = (x: Tensor) => {
      const block = hl.registerBlockSize(x.shape[0])
      const out = hl.zeros([hl.cdiv(x.shape[0], block), 2])
      for (const t of hl.tile(x.shape[0], { blockSize: block })) out.at(t.id, 0).set(x.at(t, ':').sum())
      return { out: out.T }
    }
    expect(String(thrownBy(() => traced(kernel, [X])))).toContain(
      'the kernel k returned local1.T, with a size of cdiv(x.shape[0], size0), which the config decides',
    )
  })

  it('a write to what repeats', () => {
    const kernel = (x: Tensor) => {
      const all = x.unsqueeze(0).expand([2, 3, 4])
      for (const tiles of hl.tile(all.shape)) {
        all.at(...tiles).set(1) // ✗
      }
    }
    expect(mistake(kernel, [X], { dynamic: false })).toMatchInlineSnapshot(`
      "set on x.unsqueeze(0).expand([2, 3, 4]).at(…), several of whose positions are one element
      Write to the tensor before .expand(…)."
    `)
  })
})
