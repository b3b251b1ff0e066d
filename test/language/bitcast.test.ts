/** Tensors as another dtype: the same bits, in kernels. Read by both interpreters, written by both. */
import { describe, expect, it } from 'vitest'
import { hl, type Tensor } from '../../src/language/index.ts'
import type { KernelFunction } from '../../src/language/trace/trace_kernel.ts'
import { codeReader, packCodes, STORAGE, type StorageType } from '../../src/support/storage_types.ts'
import { OnCpu } from '../codegen/on_cpu.ts'
import { host, run } from './harness.ts'
import { mistake } from './mistakes.ts'

/** Numbers of one dtype whose bits are those of numbers of another. */
function sameBits(numbers: readonly number[], from: StorageType, to: StorageType): number[] {
  const codes = packCodes(from, numbers.length, (i) => STORAGE[from].encode(numbers[i] ?? 0))
  const codeAt = codeReader(to, codes.buffer)
  const count = (numbers.length * STORAGE[from].bits) / STORAGE[to].bits
  return Array.from({ length: count }, (_, i) => STORAGE[to].decode(codeAt(i)))
}

const PAIRS: readonly (readonly [StorageType, StorageType])[] = [
  ['f32', 'u32'],
  ['i32', 'i4'],
  ['u8', 'i8'],
  ['u8', 'u4'],
  ['u16', 'bf16'],
  ['i8', 'i16'],
  ['i4', 'u32'],
  ['bf16', 'f32'],
]

describe('x.bitcast', () => {
  it.each(PAIRS)('of %s as %s', (from, to) => {
    const numbers = Array.from({ length: 48 }, (_, i) => STORAGE[from].round((i * 5) % 13))
    const scale = STORAGE[from].bits / STORAGE[to].bits
    function read(x: Tensor) {
      const view = x.bitcast(to)
      const out = hl.empty(view.shape, view.dtype)
      for (const t of hl.tile(view.shape)) out.at(...t).set(view.at(...t))
      return out
    }
    function write(x: Tensor, y: Tensor) {
      const view = x.bitcast(to)
      for (const t of hl.tile(view.shape)) view.at(...t).set(y.at(...t))
    }
    const wanted = sameBits(numbers, from, to)
    for (const dynamic of [false, true]) {
      const x = host([3, 16], numbers, from)
      expect(run(read as KernelFunction, [x], { dynamic }).returned).toEqual(wanted)
      new OnCpu(read as KernelFunction, [x], { dynamic }).expectRight()
      const y = host([3, 16 * scale], wanted, to)
      const zeros = host([3, 16], () => 0, from)
      expect(run(write as KernelFunction, [zeros, y], { dynamic }).tensors[0]).toEqual(numbers)
      new OnCpu(write as KernelFunction, [zeros, y], { dynamic }).expectRight()
    }
  })

  it('of memory that one loop touches as several types', () => {
    function both(x: Tensor) {
      for (const t of hl.tile(x.shape[0]))
        x.bitcast('u32').at(t).set(x.at(t).bitcast('u32').bitAnd(0x7fffffff))
    }
    const x = host([9], (i) => i - 4)
    expect(run(both as KernelFunction, [x]).tensors[0]).toEqual([4, 3, 2, 1, 0, 1, 2, 3, 4])
    new OnCpu(both as KernelFunction, [x]).expectRight()
  })

  it('of views whose elements lie together', () => {
    function rows(x: Tensor) {
      const view = x.slice(0, 1, 3).bitcast('u4').T
      const out = hl.empty(view.shape, 'i32')
      for (const t of hl.tile(view.shape)) out.at(...t).set(view.at(...t))
      return out
    }
    const x = host([3, 2], [0, 0, 0x21, 0x43, 0x65, 0x87], 'u8')
    expect(run(rows as KernelFunction, [x]).returned).toEqual([1, 5, 2, 6, 3, 7, 4, 8])
    new OnCpu(rows as KernelFunction, [x]).expectRight()
  })
})

describe('mistakes', () => {
  it('elements that lie apart', () => {
    function kernel(x: Tensor) {
      for (const t of hl.tile(4)) x.slice(1, 0, 4, 2).bitcast('u8').at(0, t).set(0) // ✗
    }
    expect(mistake(kernel, [host([4, 8], () => 0)])).toMatchInlineSnapshot(`
      "x.slice(1, 0, 4, 2).bitcast('u8') of elements of 32 bits, which do not lie together in
        memory
      Its last dimension must be whole; .contiguous() makes a copy where it is."
    `)
  })

  it('sizes that are no multiple', () => {
    function kernel(x: Tensor) {
      for (const t of hl.tile(1)) x.bitcast('f32').at(t).set(0) // ✗
    }
    expect(mistake(kernel, [host([6], () => 0, 'u8')], { dynamic: false })).toMatchInlineSnapshot(`
      "x.bitcast('f32') makes one element of 4, and 6 positions are no multiple of that: 2 is not
        equal to 0
      Check the shapes of the arguments."
    `)
  })

  it('truth values', () => {
    function kernel(x: Tensor) {
      for (const t of hl.tile(4)) x.bitcast('bool').at(t).set(true) // ✗
    }
    expect(mistake(kernel, [host([4], () => 0, 'u32')])).toMatchInlineSnapshot(`
      "x.bitcast('bool') of a tensor of u32
      A bool is no number: convert it with .to(dtype) in a kernel."
    `)
  })
})
