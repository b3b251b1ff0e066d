/** Tensors in GPU memory: contents, errors, disposal, copies. */
import { beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { type Device, openDevice } from '../../src/runtime/device.ts'
import { Stream } from '../../src/runtime/stream.ts'
import { generatorLaunch } from '../../src/runtime/tensor/generators.ts'
import { DeviceTensor } from '../../src/runtime/tensor/tensor.ts'
import { rand, randn, tensor } from '../../src/runtime/tensor/tensor_factories.ts'
import type { DType } from '../../src/support/dtypes.ts'
import { UsageError } from '../../src/support/errors.ts'
import { deferred, mapLaunch, rejection } from './gpu.ts'

let device: Device
let stream: Stream

beforeAll(async () => {
  device = await openDevice()
  stream = new Stream(device)
})

const from = (values: number[], dtype: DType = 'f32') => tensor(values, { dtype, stream })

describe('data', () => {
  it.each([
    ['f32', [1.5, -2, 0.1], Float32Array.of(1.5, -2, 0.1)],
    ['i32', [1, -2, 3], Int32Array.of(1, -2, 3)],
    ['u32', [1, 2, 4294967295], Uint32Array.of(1, 2, 4294967295)],
    ['bool', [0, 5, 1], Uint32Array.of(0, 1, 1)],
  ] as const)('of %s', async (dtype, values, expected) => {
    expect(await from([...values], dtype).data()).toEqual(expected)
  })

  it('has shape, size and number of dimensions', () => {
    const x = tensor(new Float32Array(24), { shape: [2, 3, 4], stream })
    expect([x.shape, x.size, x.numel(), x.ndim, x.dtype]).toEqual([[2, 3, 4], 24, 24, 3, 'f32'])
    expect(x.describe()).toMatch(/^tensor #\d+ f32\[2, 3, 4\]$/)
  })

  it('of a tensor without elements is empty', async () => {
    const x = tensor([[], []], { stream })
    expect(x.shape).toEqual([2, 0])
    expect(await x.data()).toEqual(new Float32Array(0))
  })

  it('of a scalar is one element', async () => {
    expect(await tensor(3, { stream }).data()).toEqual(Float32Array.of(3))
  })

  it('does not change when the host array does later, even if it has to wait', async () => {
    const gate = deferred()
    const host = Float32Array.of(1, 2)
    stream.enqueue({ run: () => {}, after: gate.promise })
    const x = tensor(host, { stream })
    host[0] = 99
    gate.resolve()
    expect(await x.data()).toEqual(Float32Array.of(1, 2))
  })

  it('survives large round trips', async () => {
    const host = Float32Array.from({ length: 3_000_001 }, (_, i) => i % 1000)
    const back = await tensor(host, { stream }).data()
    expect(Buffer.from(back.buffer).equals(Buffer.from(host.buffer))).toBe(true)
  })
})

describe('f16', () => {
  it('goes through the GPU as halves, or is refused where the adapter has none', async () => {
    if (device.limits.shaderF16) {
      const half = from([1, 1 / 3, 65504, -0.1, 1e-8], 'f16')
      expect(await half.data()).toEqual(Float32Array.of(1, 0.333251953125, 65504, -0.0999755859375, 0))
      return
    }
    expect(() => from([1], 'f16')).toThrow('Tensors of dtype f16 need an adapter with the feature shader-f16')
    const late = new Stream(async () => device)
    const error = await rejection(tensor([1], { dtype: 'f16', stream: late }).data())
    expect(error).toBeInstanceOf(UsageError)
    expect(error.message).toMatch(/dtype f16 need an adapter(.|\n)* at .*tensor\.test\.ts:\d+:\d+/)
  })

  it('is taken where the adapter has it', async () => {
    // Dawn's null back end has every feature; it computes nothing.
    process.env.HELION_DAWN_FLAGS = 'backend=null'
    const nothing = await openDevice({ adapter: 'null' })
    delete process.env.HELION_DAWN_FLAGS
    const stream = new Stream(nothing)
    const half = randn([5], { dtype: 'f16', stream })
    const uniform = rand([5], { dtype: 'f16', stream })
    expect(half.storage.bytes).toBe(10)
    expect((await half.data()).length).toBe(5)
    const fill = await generatorLaunch(nothing, half.storage, { kind: 'fill', value: 1.5 })
    expect([...fill.words]).toEqual([1, 0x3e003e00, 0])
    expect((await uniform.data()).length).toBe(5)
    nothing.destroy()
  })
})

describe('allocate', () => {
  it('refuses shapes that are none', () => {
    expect(() => DeviceTensor.allocate([-1], 'f32', stream)).toThrow(UsageError)
    expect(() => DeviceTensor.allocate([2, 0.5], 'f32', stream)).toThrow('axis 1 is 0.5')
  })

  it('refuses more than the device can bind', () => {
    const elements = device.limits.maxBindingBytes / 4 + 4
    expect(() => DeviceTensor.allocate([elements], 'f32', stream)).toThrow('larger than this device can bind')
  })

  it('makes no GPU call when the pool has a buffer', async () => {
    const first = from([1, 2, 3])
    await first.data()
    first.dispose()
    const { created } = device.pool.stats
    for (let i = 0; i < 100; i++) {
      using out = DeviceTensor.allocate([64], 'f32', stream)
      out.write(new Float32Array(64))
    }
    expect(device.pool.stats.created).toBe(created)
  })

  it('pads buffers to 16 bytes', async () => {
    const x = DeviceTensor.allocate([257], 'f32', stream)
    expect(x.storage.in(device.pool).buffer.size % 16).toBe(0)
    x.dispose()
  })
})

describe('memory that cannot be had', () => {
  const size = 12_345

  beforeEach(() => {
    device.pool.trim()
    const pop = device.gpu.popErrorScope.bind(device.gpu)
    vi.spyOn(device.gpu, 'popErrorScope').mockImplementationOnce(async () => {
      await pop()
      return { message: 'out of memory' } as GPUError
    })
  })

  it('is reported once, also when it was noticed before the read', async () => {
    const x = from(new Array<number>(size).fill(1))
    await device.checked()
    expect((await rejection(x.data())).message).toContain('No GPU memory')
    await stream.sync()
  })

  it('is reported with the tensor that needs it, and its buffer is not used again', async () => {
    const x = from(new Array<number>(size).fill(1))
    const { message } = await rejection(x.data())
    expect(message).toMatch(/^No GPU memory for 53248 bytes more: tensors hold \d+, \d+ were idle\n/)
    expect(message).toContain('dispose() tensors that are done with')
    expect((await rejection(x.data())).message).toContain('No GPU memory')
    x.dispose()
    const y = from(new Array<number>(size).fill(2))
    expect((await y.data())[size - 1]).toBe(2)
    await stream.sync()
  })
})

describe('dispose', () => {
  it('makes every later use an error that names the tensor and the place', async () => {
    const x = from([1, 2])
    x.dispose()
    x.dispose()
    expect(x.disposed).toBe(true)
    const { message } = await rejection(x.data())
    expect(message).toMatch(
      /^tensor #\d+ \S+ was used after it had been disposed at .*:\d+:\d+\n {2}at .*:\d+:\d+\n {2}Dispose/,
    )
    expect(() => x.storage).toThrow(message.split('\n')[0])
    expect(() => x.write([1, 2])).toThrow(UsageError)
  })

  it('gives the memory back at once', async () => {
    const x = from([1, 2])
    await x.data()
    const { liveBytes } = device.pool.stats
    x.dispose()
    expect(device.pool.stats.liveBytes).toBe(liveBytes - 256)
  })

  it('works as a declaration', async () => {
    let outer: DeviceTensor
    {
      using inner = from([1])
      outer = inner
      expect(await inner.data()).toEqual(Float32Array.of(1))
    }
    expect(outer.disposed).toBe(true)
  })

  it('does not take the memory away from launches that were called before', async () => {
    const [x, y] = [from([1, 2]), from([0, 0])]
    const launch = await mapLaunch(device, 'v * 3.0', x, y)
    stream.launch(launch)
    x.dispose()
    const z = from([7, 7])
    expect(await y.data()).toEqual(Float32Array.of(3, 6))
    expect(await z.data()).toEqual(Float32Array.of(7, 7))
  })
})

describe('copies', () => {
  it('have memory of their own', async () => {
    const x = from([1, 2, 3])
    const y = x.clone()
    x.write([4, 5, 6])
    expect(await y.data()).toEqual(Float32Array.of(1, 2, 3))
    expect(await x.copyFrom(y).data()).toEqual(Float32Array.of(1, 2, 3))
  })

  it('need the same size and dtype', () => {
    const x = from([1, 2, 3])
    expect(() => x.copyFrom(from([1]))).toThrow(
      /^tensor #\d+ f32\[1\] cannot be copied to tensor #\d+ f32\[3\]/,
    )
    expect(() => x.copyFrom(from([1, 2, 3], 'i32'))).toThrow(UsageError)
  })
})

it('at() belongs in kernels', () => {
  const x = from([1])
  expect(() => x.at(0)).toThrow(UsageError)
  expect(() => x.at(0)).toThrow('inside a kernel function; outside, use await tensor.data()')
})
