/**
 * Elements that are packed into words, without a GPU: every code is read as the table says, values are
 * stored as the tile interpreter stores them, whatever shares a word with them, and nobody is in anybody's
 * way.
 */
import { describe, expect, it } from 'vitest'
import type { ConfigInput } from '../../src/config/config.ts'
import { hl, type Tensor } from '../../src/language/index.ts'
import type { KernelFunction } from '../../src/language/trace/trace_kernel.ts'
import { product } from '../../src/support/maths.ts'
import { Random } from '../../src/support/random.ts'
import { computeType, isPacked, STORAGE, type StorageType } from '../../src/support/storage_types.ts'
import { drawConfigs } from '../config/random_configs.ts'
import { host } from '../language/harness.ts'
import { OnCpu } from './on_cpu.ts'

const PACKED = (Object.keys(STORAGE) as StorageType[]).filter(isPacked)
const CONFIGS = Number(process.env.RANDOM_CONFIGS ?? 1)
const POINTER: ConfigInput = { indexing: 'pointer' }

function copyTo(dtype: StorageType): KernelFunction {
  return function copy(x: Tensor) {
    const out = hl.empty(x.shape, dtype)
    for (const t of hl.tile(x.shape)) out.at(...t).set(x.at(...t))
    return out
  }
}

/** All codes of a type as numbers; infinity does not get into saturating formats this way. */
function codesOf(dtype: StorageType): number[] {
  const { bits, decode, round } = STORAGE[dtype]
  return Array.from({ length: 2 ** bits }, (_, code) => round(decode(code)))
}

function numbersFor(dtype: StorageType, count: number): number[] {
  const random = new Random(count)
  const { category, bits } = STORAGE[dtype]
  if (category === 'int') return Array.from({ length: count }, () => random.int(-(2 ** bits), 2 ** bits))
  const special = [0, -0, NaN, Infinity, -Infinity, 1e30, -3e5, 2 ** -20, 448, 465, 61440]
  return Array.from({ length: count }, (_, i) =>
    Math.fround(special[i] ?? (random.next() - 0.5) * 2 ** random.int(-20, 20)),
  )
}

function expectRight(
  fn: KernelFunction,
  kernel: ConstructorParameters<typeof OnCpu>[1],
  dynamic = true,
): void {
  const cpu = new OnCpu(fn, kernel, { dynamic, subgroupSize: dynamic ? 4 : 0 })
  cpu.expectRight()
  cpu.expectRight({ ...cpu.compiled.spec.defaultConfig().data, ...POINTER })
  for (const { data } of drawConfigs(cpu.compiled.spec, CONFIGS, 1)) cpu.outcome(data)
}

describe.each(PACKED)('%s', (dtype) => {
  it('every code is read as the table says, and stored again', () => {
    const codes = codesOf(dtype)
    // Of the 16-bit types some here, all of them on the GPU.
    const some = codes.length > 256 ? codes.filter((_, i) => i % 61 === 0) : codes
    expectRight(copyTo(computeType(dtype)), [host([some.length], some, dtype)], false)
    expectRight(copyTo(dtype), [host([some.length], some, dtype)])
  })

  it('numbers are stored as the interpreter stores them', () => {
    const { category, compute, round } = STORAGE[dtype]
    for (const shape of [[0], [1], [7], [3, 5], [2, 16]]) {
      const numbers = numbersFor(dtype, product(shape))
      expectRight(copyTo(dtype), [host(shape, numbers.map(STORAGE[compute].round), compute)])
      expectRight(copyTo(dtype), [host(shape, numbers.map(round), dtype)], false)
      if (category === 'int')
        expectRight(
          copyTo(dtype),
          [
            host(
              shape,
              numbers.map((n) => n + 0.75),
            ),
          ],
          false,
        )
    }
  })
})

describe('value.to', () => {
  it.each(PACKED)('%s keeps what an element can hold', (dtype) => {
    function round(x: Tensor) {
      const out = hl.empty(x.shape, computeType(dtype))
      for (const t of hl.tile(x.shape[0])) out.at(t).set(x.at(t).to(dtype))
      return out
    }
    const { bits, round: nearest, stored } = STORAGE[dtype]
    const floats = [...numbersFor('f8e5m2', 24), 1000.5, -7.5, 15.9, 300]
    const cases = [
      { x: host([28], floats.map(Math.fround), 'f32'), wanted: floats.map(Math.fround).map(nearest) },
      { x: ints(-(2 ** bits) - 3), wanted: undefined },
    ]
    for (const { x, wanted } of cases) {
      const cpu = new OnCpu(round as KernelFunction, [x], { dynamic: true })
      cpu.expectRight()
      const fromWhole = computeType(dtype) === 'f32' ? x.data.map(nearest) : x.data.map((n) => stored(n | 0))
      expect([...(cpu.wanted[1] ?? [])]).toEqual(wanted ?? fromWhole)
    }
  })

  function ints(low: number) {
    return host([28], (i) => low + 5 * i, 'i32')
  }
})

describe('words that several invocations write', () => {
  it('keep what others wrote, and what nobody writes', () => {
    function scatter(x: Tensor, out: Tensor) {
      for (const [i, j] of hl.tile(x.shape)) out.at(i, hl.add(j.index.mul(2), 1)).set(x.at(i, j))
    }
    for (const dtype of PACKED)
      expectRight(scatter as KernelFunction, [
        host([3, 6], (i) => i % 7, dtype),
        host([3, 13], (i) => i % 5, dtype),
      ])
  })

  it('give the rows of an odd matrix back, transposed', () => {
    function turn(x: Tensor) {
      const out = hl.empty([x.shape[1], x.shape[0]], x.dtype)
      for (const [i, j] of hl.tile(x.shape)) out.at(j, i).set(x.at(i, j).transpose())
      return out
    }
    for (const dtype of PACKED) expectRight(turn as KernelFunction, [host([5, 11], (i) => i % 7, dtype)])
  })
})

it('elements that a mask leaves out are not read and not written', () => {
  function masked(x: Tensor, out: Tensor) {
    for (const t of hl.tile(x.shape[0])) {
      const mask = t.index.rem(3).ne(1)
      out.at(t).set(hl.load(x, [t], { mask, other: 5 }))
      hl.store(out, [t], 1, { mask: t.index.rem(5).eq(0) })
    }
  }
  for (const dtype of PACKED)
    for (const size of [22, 32])
      expectRight(masked as KernelFunction, [
        host([size], (i) => i % 7, dtype),
        host([size], (i) => i % 5, dtype),
      ])
})

it('whole words are read and written as such', () => {
  const cpu = (dtype: StorageType): string =>
    new OnCpu(copyTo(dtype), [host([64], (i) => i % 7, dtype)], { dynamic: false }).compiled.wgsl({})
  for (const dtype of PACKED) {
    expect(cpu(dtype)).not.toContain('atomic')
    expect(cpu(dtype)).toContain(dtype === 'bf16' || dtype.endsWith('16') ? 'array<vec2u>' : 'array<u32>')
  }
})
