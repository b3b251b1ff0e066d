/** `hl.inlineWgsl`: the author's own WGSL, on tiles of all kinds. */
import { describe, expect, it } from 'vitest'
import { hl, type Tensor, type TileValue } from '../../src/language/index.ts'
import { host, irOf, ramp, run } from '../language/harness.ts'
import { Compiled } from './compiling.ts'
import { OnCpu } from './on_cpu.ts'

const fused = (a: number, b: number, c: number): number => Math.fround(a * b + c)

function rows(x: Tensor, bias: Tensor): Tensor {
  const [m, n] = x.shape
  const out = hl.empty([m, n])
  for (const [i, j] of hl.tile([m, n])) {
    const values = { a: x.at(i, j), b: bias.at(null, j), c: 2 }
    out.at(i, j).set(hl.inlineWgsl('fma(a, b, c)', values, { reference: fused }))
  }
  return out
}

function bits(x: Tensor): Tensor {
  const out = hl.empty([1], 'i32')
  for (const _ of hl.grid(1)) {
    const ones = hl.inlineWgsl(
      'i32(countOneBits(bitcast<u32>(v)))',
      { v: x.at(':') },
      {
        dtype: 'i32',
        reference: (v) => [...(v >>> 0).toString(2)].filter((bit) => bit === '1').length,
      },
    )
    out.at(0).set(ones.sum())
  }
  return out
}

function largest(x: Tensor): Tensor {
  const [m] = x.shape
  const out = hl.empty([m])
  const larger = (a: TileValue, b: TileValue): TileValue =>
    hl.inlineWgsl('max(a, b)', { a, b }, { reference: Math.max })
  for (const r of hl.tile(m)) out.at(r).set(hl.reduce(larger, x.at(r, ':'), 1))
  return out
}

describe.each([true, false])('dynamic %s', (dynamic) => {
  it.each([[[5, 70]], [[1, 1]], [[0, 4]]])('on tiles of %j', (shape) => {
    const [, n = 0] = shape
    const subject = new OnCpu(rows, [ramp(shape), ramp([n])], { dynamic })
    for (const config of [
      {},
      { block_sizes: [4, 16] },
      { block_sizes: [1, 64], indexing: 'pointer' },
    ] as const)
      subject.expectRight(config)
  })

  it('in a combination', () => {
    const subject = new OnCpu(largest, [ramp([3, 37])], { dynamic })
    for (const config of [{}, { reduction_loops: 8 }]) subject.expectRight(config)
  })

  it('whose values reach beyond a range, and are masked there', () => {
    const subject = new OnCpu(bits, [ramp([37], 'i32')], { dynamic })
    for (const config of [{}, { reduction_loops: 8 }]) subject.expectRight(config)
  })
})

it('is a function of the program, once for a text', () => {
  const compiled = new Compiled(rows, [ramp([64, 64]), ramp([64])])
  const wgsl = compiled.wgsl()
  expect(
    wgsl.match(/fn inline_\w+\(a: f32, b: f32, c: f32\) -> f32 \{\n {2}return fma\(a, b, c\);\n\}/g),
  ).toHaveLength(1)
  expect(irOf(rows, [ramp([64, 64]), ramp([64])])).toContain('inline "fma(a, b, c)"')
})

it('without a reference only a GPU can run it', () => {
  const kernel = (x: Tensor): Tensor => {
    const out = hl.emptyLike(x)
    for (const t of hl.tile(x.shape[0])) out.at(t).set(hl.inlineWgsl('a + 1.0', { a: x.at(t) }))
    return out
  }
  expect(() => run(kernel, [host([1], [1])])).toThrow(
    'hl.inlineWgsl("a + 1.0") has no reference, so only a GPU can run it\n' +
      '  Say what it computes: { reference: (a) => … }.',
  )
  expect(new Compiled(kernel, [host([1], [1])]).wgsl()).toContain('return a + 1.0;')
})
