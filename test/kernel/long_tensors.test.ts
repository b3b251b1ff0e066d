/** Tensors beyond what 32-bit positions reach, with made-up sizes: nobody has the memory. */
import { describe, expect, it } from 'vitest'
import { checkGuards, planLaunch } from '../../src/kernel/launch_plan.ts'
import { hl, type Tensor } from '../../src/language/index.ts'
import { Compiled } from '../codegen/compiling.ts'
import { host, ramp, traced } from '../language/harness.ts'

const copy = traced(
  function copy(x: Tensor) {
    const [m, n] = x.shape
    const out = hl.emptyLike(x)
    for (const [i, j] of hl.tile([m, n])) out.at(i, j).set(x.at(i, j))
    return out
  },
  [ramp([4, 4])],
)

it.each([[[2 ** 31 - 1, 2]], [[65_535, 65_537]]])('%j is short enough', (shape) => {
  expect(() => checkGuards(copy, { tensors: [{ shape }] })).not.toThrow()
})

it('a dimension beyond 31 bits', () => {
  expect(() => checkGuards(copy, { tensors: [{ shape: [2 ** 31, 1] }] })).toThrow(
    'k: x of [2147483648, 1] is too long for 32-bit positions\n' +
      '  Up to 2147483647 along a dimension and 4294967295 in all; give the kernel slices of it.',
  )
})

it('more elements than 32 bits count', () => {
  expect(() => checkGuards(copy, { tensors: [{ shape: [65_536, 65_536] }] })).toThrow(
    'k: x of [65536, 65536] is too long',
  )
})

/** Its range is longer than any of its tensors. */
function walk(x: Tensor) {
  const out = hl.empty([4])
  for (const tile of hl.tile(hl.mul(x.shape[0], x.shape[0]))) out.at(hl.rem(tile.index, 4)).set(1)
  return out
}

it('a range beyond 31 bits', () => {
  const kernel = traced(walk, [ramp([8])], { dynamic: true })
  expect(() => checkGuards(kernel, { tensors: [{ shape: [46_340] }] })).not.toThrow()
  expect(() => checkGuards(kernel, { tensors: [{ shape: [46_341] }] })).toThrow(
    /^k: tile0 runs to 2147488281, which is too far for 32-bit positions\n {2}at .*long_tensors.*\n/,
  )
  expect(() => checkGuards(kernel, { tensors: [{ shape: [46_341] }] })).toThrow(
    'Up to 2147483647 in one dimension; walk two of them.',
  )
})

/** Every pair of positions: no tensor has as many elements. */
function pairs(x: Tensor, y: Tensor) {
  const [m] = x.shape
  const [n] = y.shape
  const out = hl.zeros([4])
  for (const [i, j] of hl.tile([m, n])) {
    const [left, right] = [i.index.unsqueeze(1), j.index.unsqueeze(0)]
    out.at(hl.rem(left.add(right), 4)).atomicAdd(1)
  }
  return out
}

describe('dimensions that are walked as one', () => {
  const size = 2 ** 16
  const refusal = 'flatten_loops makes a range too long for 32-bit positions'

  it('are refused where they are numbers', () => {
    const fits = [host([size], () => 1), host([size - 1], () => 1)]
    const flat = { flatten_loops: [true] }
    expect(() => new Compiled(pairs, fits).program(flat)).not.toThrow()
    const tooLong = new Compiled(pairs, [host([size], () => 1), host([size], () => 1)])
    expect(() => tooLong.program(flat)).toThrow(`${refusal}: 4294967296 is more than 4294967295`)
    expect(() => tooLong.program()).not.toThrow()
  })

  it('are refused at the launch where they are not', () => {
    const compiled = new Compiled(pairs, [ramp([4]), ramp([8])], { dynamic: true })
    const launch = (flatten: boolean, n: number) =>
      planLaunch(
        compiled.program({ flatten_loops: [flatten], block_sizes: flatten ? [16, 16] : [16, 64] }),
        { tensors: [{ shape: [size] }, { shape: [n] }] },
        compiled,
      )
    expect(() => launch(true, size - 1)).not.toThrow()
    expect(() => launch(false, size)).not.toThrow()
    expect(() => launch(true, size)).toThrow(
      new RegExp(`^${refusal}: .* = 4294967296 must be at most 4294967295`),
    )
  })

  it('are more workgroups than a launch may have', () => {
    const compiled = new Compiled(pairs, [ramp([4]), ramp([8])], { dynamic: true })
    const shape = [2 ** 17]
    const program = compiled.program({ block_sizes: [1, 1] })
    expect(() => planLaunch(program, { tensors: [{ shape }, { shape }] }, compiled)).toThrow(
      'it would launch 17179869184 workgroups; the limit is 65535 x 65535\n  Use larger block_sizes.',
    )
  })
})
