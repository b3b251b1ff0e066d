/** Gather: elements at any positions, of every dtype, and the errors of their tensor. */
import { describe, expect, it } from 'vitest'
import { getDevice } from '../../src/index.ts'
import { defaultStream } from '../../src/runtime/default_device.ts'
import { decodeBytes } from '../../src/runtime/memory/host_data.ts'
import { Gather } from '../../src/runtime/tensor/gather.ts'
import { DeviceTensor } from '../../src/runtime/tensor/tensor.ts'
import { DTYPES, type DType } from '../../src/support/dtypes.ts'

const SIZE = 1000
const POSITIONS = Uint32Array.of(0, 1, 2, 500, 501, 998, 999, 501)

async function gathered(dtype: DType, positions: Uint32Array<ArrayBuffer>): Promise<number[]> {
  const values = Array.from({ length: SIZE }, (_, i) => (dtype === 'bool' ? (i % 3) & 1 : i))
  const source = DeviceTensor.allocate([SIZE], dtype).upload(values)
  const gather = new Gather(defaultStream(), positions)
  const bytes = await gather.read(source.storage, source.dtype)
  expect(bytes.byteLength).toBe(positions.length * DTYPES[dtype].bytes)
  gather.dispose()
  return [...decodeBytes(bytes, dtype)]
}

describe('Gather', () => {
  it.each(['f32', 'i32', 'u32'] as const)('reads %s', async (dtype) => {
    expect(await gathered(dtype, POSITIONS)).toEqual([...POSITIONS])
  })

  it('reads bool, and both halves of words of f16 where there is f16', async () => {
    expect(await gathered('bool', POSITIONS)).toEqual([...POSITIONS].map((i) => (i % 3) & 1))
    if ((await getDevice()).limits.shaderF16) expect(await gathered('f16', POSITIONS)).toEqual([...POSITIONS])
  })

  it('reads more elements than one row of workgroups takes', async () => {
    const many = Uint32Array.from({ length: 300_000 }, (_, i) => (i * 7) % SIZE)
    expect(await gathered('f32', many)).toEqual([...many])
  })

  it('reads nothing where nothing is asked for, and from several tensors in turn', async () => {
    expect(await gathered('f32', new Uint32Array(0))).toEqual([])
    const gather = new Gather(defaultStream(), Uint32Array.of(2, 0))
    for (const values of [
      [1, 2, 3],
      [4, 5, 6],
    ]) {
      const source = DeviceTensor.allocate([3], 'f32').upload(values)
      expect([...new Float32Array(await gather.read(source.storage, source.dtype))]).toEqual([
        values[2],
        values[0],
      ])
    }
  })
})
