/** Host arrays over every kind of memory, at every entry that takes them: copied where they must be. */
import { beforeAll, describe, expect, it } from 'vitest'
import { openDevice } from '../../src/runtime/device.ts'
import type { HostData, NumericArray } from '../../src/runtime/memory/host_data.ts'
import { Stream } from '../../src/runtime/stream.ts'
import { tensor } from '../../src/runtime/tensor/tensor_factories.ts'
import { UsageError } from '../../src/support/errors.ts'

let stream: Stream
beforeAll(async () => {
  stream = new Stream(await openDevice())
})

type Make = new (bytes: number, options?: { maxByteLength: number }) => ArrayBufferLike

const MEMORIES: readonly (readonly [string, (bytes: number) => ArrayBufferLike])[] = [
  ['shared', (bytes) => new SharedArrayBuffer(bytes)],
  ['growable shared', (bytes) => new (SharedArrayBuffer as Make)(bytes, { maxByteLength: 64 })],
  ['resizable', (bytes) => new (ArrayBuffer as Make)(bytes, { maxByteLength: 64 })],
]
const ARRAYS = [
  Float32Array,
  Float64Array,
  Int32Array,
  Uint32Array,
  Uint16Array,
  Int8Array,
  Uint8ClampedArray,
] as const

/** What each entry makes of an array of four. */
const ENTRIES: Readonly<Record<string, (data: NumericArray) => { data(): Promise<ArrayLike<number>> }>> = {
  tensor: (data) => tensor(data, { stream }),
  write: (data) => tensor([9, 9, 9, 9], { stream }).write(data),
  upload: (data) => tensor([9, 9, 9, 9], { stream }).upload(data),
  'tensor with shape and dtype': (data) => tensor(data, { stream, shape: [2, 2], dtype: 'i32' }),
}

describe.each(Object.entries(ENTRIES))('%s', (_, entry) => {
  it.each(MEMORIES)('takes arrays over %s memory', async (_, make) => {
    for (const Kind of ARRAYS) {
      const data = new Kind(make(4 * Kind.BYTES_PER_ELEMENT) as ArrayBuffer)
      data.set([1, 2, 3, 4])
      const x = entry(data)
      data.fill(0)
      expect(Array.from(await x.data()), Kind.name).toEqual([1, 2, 3, 4])
    }
  })

  it('says of memory that is gone that it is', () => {
    const moved = Float32Array.of(1, 2, 3, 4)
    structuredClone(moved, { transfer: [moved.buffer] })
    const resizable = new (ArrayBuffer as Make)(16, { maxByteLength: 64 }) as ArrayBuffer
    const cut = new Float32Array(resizable, 0, 4)
    ;(resizable as unknown as { resize(bytes: number): void }).resize(8)
    for (const data of [moved, cut] as HostData[]) {
      const attempt = () => entry(data as NumericArray)
      expect(attempt).toThrow(UsageError)
      expect(attempt).toThrow(
        /^The buffer of this Float32Array was transferred elsewhere or made smaller: no elements are left\n/,
      )
      expect(attempt).toThrow('Copy the array before its buffer goes away')
    }
  })
})
