/** The deferred stream: order, batching, errors that wait for a reader, poisoned results, exclusive jobs. */
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Launch } from '../../src/runtime/commands/launch.ts'
import { type Device, openDevice } from '../../src/runtime/device.ts'
import { Stream } from '../../src/runtime/stream.ts'
import { DeviceTensor } from '../../src/runtime/tensor/tensor.ts'
import { tensor } from '../../src/runtime/tensor/tensor_factories.ts'
import { AdapterError, GpuError, type SourceLocation, UsageError } from '../../src/support/errors.ts'
import { deferred, mapKernel, mapLaunch, rejection } from './gpu.ts'

const SITE: SourceLocation = { file: 'caller.ts', line: 7, column: 3 }
const unhandled: unknown[] = []
const noteUnhandled = (reason: unknown) => unhandled.push(reason)

let device: Device
let stream: Stream

beforeAll(async () => {
  device = await openDevice()
})

beforeEach(() => {
  stream = new Stream(device)
  unhandled.length = 0
  process.on('unhandledRejection', noteUnhandled)
})

afterEach(async () => {
  await new Promise((resolve) => setTimeout(resolve, 5))
  process.off('unhandledRejection', noteUnhandled)
  expect(unhandled).toEqual([])
  expect(stream.errors.take()).toBeUndefined()
  expect(device.errors.take()).toBeUndefined()
})

const from = (values: number[]) => tensor(values, { stream })
const empty = (size: number) => DeviceTensor.allocate([size], 'f32', stream)
const read = async (t: DeviceTensor) => [...(await t.data())]

/** Puts a job into the queue that fails. */
const fails = (error: Error, site?: typeof SITE) => stream.enqueue({ run: () => Promise.reject(error), site })

describe('order', () => {
  it('runs launches in the order of the calls', async () => {
    const [x, y] = [from([1, 2, 3]), empty(3)]
    stream.launch(await mapLaunch(device, 'v + k', x, y, 10))
    stream.launch(await mapLaunch(device, 'v * k', y, x, 2))
    expect(await read(x)).toEqual([22, 24, 26])
  })

  it('holds the place of a job that has to wait, and everything behind it', async () => {
    const [x, y, z] = [from([1, 2, 3]), empty(3), empty(3)]
    const first = await mapLaunch(device, 'v + k', x, y, 10)
    const gate = deferred()
    stream.prepare(async () => {
      await gate.promise
      return [first]
    })
    stream.launch(await mapLaunch(device, 'v * k', y, z, 2))
    expect(stream.idle).toBe(false)
    const result = read(z)
    let settled = false
    result.then(() => {
      settled = true
    })
    await device.finished()
    expect(settled).toBe(false)
    gate.resolve()
    expect(await result).toEqual([22, 24, 26])
    expect(stream.idle).toBe(true)
  })

  it('starts preparing later jobs while an earlier one waits', async () => {
    const gate = deferred()
    const started: number[] = []
    stream.enqueue({ run: () => {}, after: gate.promise })
    stream.prepare(async () => {
      started.push(2)
      return []
    })
    await Promise.resolve()
    await Promise.resolve()
    await Promise.resolve()
    expect(started).toEqual([2])
    gate.resolve()
    await stream.sync()
  })

  it('makes in turn what could not be made ahead, alone on the device', async () => {
    const [x, y] = [from([1, 2, 3]), empty(3)]
    const launch = await mapLaunch(device, 'v + k', x, y, 10)
    const order: string[] = []
    const make = async () => void order.push('ahead')
    const gate = deferred()
    stream.enqueue({ run: () => {}, after: gate.promise })
    stream.prepare(make, {
      inTurn: async (given, alone) => {
        expect(given).toBe(device)
        await alone(async (inner) => {
          inner.launch(await mapLaunch(device, 'v + k', y, x, 5))
          await inner.sync()
          order.push('alone')
        })
        return [launch]
      },
    })
    stream.enqueue({ run: () => void order.push('later') })
    const result = read(y)
    await device.finished()
    expect(order).toEqual(['ahead'])
    gate.resolve()
    expect([...(await result), ...(await read(x))]).toEqual([15, 15, 15, 5, 5, 5])
    expect(order).toEqual(['ahead', 'alone', 'later'])
  })

  it('copies the words of a launch that has to wait', async () => {
    const [x, y] = [from([1, 2]), empty(2)]
    const launch = await mapLaunch(device, 'v + k', x, y, 5)
    const gate = deferred()
    stream.enqueue({ run: () => {}, after: gate.promise })
    stream.launch(launch)
    launch.words[1] = 1000
    gate.resolve()
    expect(await read(y)).toEqual([6, 7])
  })

  it('reads what was there at the time of the call, not what came later', async () => {
    const [x, y] = [from([1]), empty(1)]
    stream.launch(await mapLaunch(device, 'v + k', x, y, 1))
    const before = read(y)
    stream.launch(await mapLaunch(device, 'v + k', x, y, 100))
    expect([await before, await read(y)]).toEqual([[2], [101]])
  })

  it('writes host data after launches that read the old contents', async () => {
    const [x, y] = [from([1, 1]), empty(2)]
    const launch = await mapLaunch(device, 'v + k', x, y, 1)
    stream.launch(launch)
    x.write([7, 7])
    expect([await read(y), await read(x)]).toEqual([
      [2, 2],
      [7, 7],
    ])
  })

  it('does not hand a buffer on to another tensor before the commands that use it', async () => {
    const [x, out] = [from([5, 5, 5]), empty(3)]
    const launch = await mapLaunch(device, 'v + k', x, out, 1)
    const gate = deferred()
    stream.enqueue({ run: () => {}, after: gate.promise })
    stream.launch(launch)
    x.dispose()
    const other = from([9, 9, 9])
    gate.resolve()
    expect(await read(out)).toEqual([6, 6, 6])
    expect(await read(other)).toEqual([9, 9, 9])
  })
})

describe('batching', () => {
  it('submits launches of one task together, awaits included, when it ends at the latest', async () => {
    const launch = await mapLaunch(device, 'v', from([1]), empty(1))
    stream.launch(launch)
    await device.finished()
    const before = device.recorder.submits
    for (let i = 0; i < 5; i++) await stream.launch(launch)
    expect(device.recorder.submits).toBe(before)
    await new Promise((resolve) => setImmediate(resolve))
    expect(device.recorder.submits).toBe(before + 1)
  })

  it('submits long runs in growing batches', async () => {
    const launch = await mapLaunch(device, 'v', from([1]), empty(1))
    stream.launch(launch)
    await device.finished()
    const before = device.recorder.submits
    for (let i = 0; i < 8 + 16 + 32 + 64 + 64 + 1; i++) stream.launch(launch)
    expect(device.recorder.submits).toBe(before + 5)
    await stream.sync()
    expect(device.recorder.submits).toBe(before + 6)
  })

  it('gives each launch of a batch its own words and buffers', async () => {
    const [x, y, z] = [from([1, 2]), empty(2), empty(2)]
    const first = await mapLaunch(device, 'v + k', x, y, 10)
    const second = await mapLaunch(device, 'v + k', x, z, 20)
    const third = await mapLaunch(device, 'v + k', x, y, 30)
    for (const launch of [first, second, third]) stream.launch(launch)
    expect([await read(y), await read(z)]).toEqual([
      [31, 32],
      [21, 22],
    ])
    for (const launch of [first, second, third, second, first]) stream.launch(launch)
    expect([await read(y), await read(z)]).toEqual([
      [11, 12],
      [21, 22],
    ])
  })

  it('leaves out empty grids', async () => {
    const [x, y] = [from([1]), from([4])]
    stream.launch({ ...(await mapLaunch(device, 'v', x, y)), grid: [0, 1, 1] })
    expect(await read(y)).toEqual([4])
  })
})

describe('errors', () => {
  it('wait for the next read, with the place of the call, and are thrown once', async () => {
    const fine = from([1])
    stream.prepare(() => Promise.reject(new GpuError('no such kernel')), { site: SITE })
    const error = await rejection(fine.data())
    expect(error).toBeInstanceOf(GpuError)
    expect(error.message).toBe('no such kernel\n  at caller.ts:7:3')
    expect(error.stack).toBe(`GpuError: ${error.message}\n    at caller.ts:7:3`)
    expect(await read(fine)).toEqual([1])
    await stream.sync()
  })

  it('are thrown by sync too, as they are when they name a place already', async () => {
    const where = { file: 'kernel.ts', line: 1, column: 1 }
    stream.prepare(() => Promise.reject(new UsageError('bad', { location: where, remedy: 'Do better.' })), {
      site: SITE,
    })
    const error = await rejection(stream.sync())
    expect(error.message).toBe('bad\n  at kernel.ts:1:1\n  Do better.')
    await stream.sync()
  })

  it('of several calls come as one, repeated ones counted', async () => {
    for (const what of ['first', 'second', 'first']) fails(new GpuError(what), SITE)
    const error = await rejection(stream.sync())
    expect(error.message).toBe(
      'first\nLater calls failed too:\n  the same error\n  second (caller.ts:7:3)\n  at caller.ts:7:3',
    )
  })

  it('of other kinds become a GpuError', async () => {
    fails(new RangeError('odd'))
    const error = await rejection(stream.sync())
    expect(error).toBeInstanceOf(GpuError)
    expect(error.cause).toBeInstanceOf(RangeError)
  })

  it('of the file system become sentences', async () => {
    fails(Object.assign(new Error('ENOSPC'), { code: 'ENOSPC', syscall: 'write', path: '/run/records' }))
    const { message, cause } = await rejection(stream.sync())
    expect(message).toMatch(/^cannot write \/run\/records: the disk is full\n {2}Make room/)
    expect(cause).toBeUndefined()
  })

  it('that come before their turn wait for it quietly', async () => {
    const gate = deferred()
    stream.enqueue({ run: () => {}, after: gate.promise })
    stream.prepare(() => Promise.reject(new GpuError('early')))
    await new Promise((resolve) => setTimeout(resolve, 5))
    gate.resolve()
    expect((await rejection(stream.sync())).message).toBe('early')
  })

  it('that WebGPU reports late still reach the read that they belong to', async () => {
    const [x, y] = [from([1]), from([0])]
    await y.data()
    const launch = await mapLaunch(device, 'v', x, y)
    launch.pipeline.launched = false
    const pop = device.gpu.popErrorScope.bind(device.gpu)
    vi.spyOn(device.gpu, 'popErrorScope').mockImplementationOnce(async () => {
      await pop()
      await new Promise((resolve) => setTimeout(resolve, 50))
      return { message: 'late' } as GPUError
    })
    stream.launch(launch, SITE)
    expect((await rejection(y.data())).message).toBe('late\n  at caller.ts:7:3')
  })

  it('make every read of the result fail, and of results computed from it', async () => {
    const [x, y, z, w] = [from([1]), empty(1), empty(1), empty(1)]
    stream.prepare(() => Promise.reject(new GpuError('broken')), { writes: [y.storage], site: SITE })
    stream.launch(await mapLaunch(device, 'v', y, z))
    stream.launch(await mapLaunch(device, 'v', x, w))
    for (const result of [y, y, z]) expect((await rejection(result.data())).message).toContain('broken')
    expect(await read(w)).toEqual([1])
  })

  it('are over when the result is overwritten', async () => {
    const y = empty(1)
    stream.prepare(() => Promise.reject(new GpuError('broken')), { writes: [y.storage] })
    expect((await rejection(stream.sync())).message).toBe('broken')
    y.write([3])
    expect(await read(y)).toEqual([3])
  })

  it('that only WebGPU finds at the first launch name the call', async () => {
    const [x, y] = [from([1]), empty(1)]
    const good = mapKernel(device, 'v')
    // One word fewer than the shader declares: creation passes or not, the launch cannot.
    const pipeline = await device.pipelines.get(good)
    const launch = { pipeline, storages: [x.storage, y.storage], grid: [1, 1, 1] } as const
    pipeline.launched = false
    stream.launch({ ...launch, words: Uint32Array.of(1) }, SITE)
    const error = await rejection(y.data())
    expect(error).toBeInstanceOf(GpuError)
    expect(error.message).toContain('immediate')
    expect(error.message).toContain('caller.ts:7:3')
    pipeline.launched = false
  })

  it('for grids that are too large name the limit', async () => {
    const launch: Launch = { ...(await mapLaunch(device, 'v', from([1]), empty(1))), grid: [70000, 1, 1] }
    stream.launch(launch, () => SITE)
    expect((await rejection(stream.sync())).message).toBe(
      "Kernel 'map' was launched with 70000 x 1 x 1 workgroups; the device takes up to 65535 along each " +
        'dimension\n  at caller.ts:7:3',
    )
  })

  it('for a tensor that is read and written under two names say which', async () => {
    const x = from([1])
    stream.launch(await mapLaunch(device, 'v', x, x))
    const error = await rejection(x.data())
    expect(error).toBeInstanceOf(UsageError)
    expect(error.message).toContain('bound twice (as 0 and 1)')
  })
})

describe('exclusive jobs', () => {
  it('see earlier results, run before later calls and work on a stream of their own', async () => {
    const [x, y, z] = [from([1, 2]), empty(2), empty(2)]
    const [a, b, c] = [
      await mapLaunch(device, 'v + k', x, y, 1),
      await mapLaunch(device, 'v * k', y, z, 10),
      await mapLaunch(device, 'v + k', z, x, 5),
    ]
    const seen: unknown[] = []
    stream.launch(a)
    stream.exclusive(async (inner) => {
      seen.push([...(await y.data(inner))])
      inner.launch(b)
    })
    stream.launch(c)
    expect(await read(x)).toEqual([25, 35])
    expect(seen).toEqual([[2, 3]])
  })

  it('fail with what their own stream left unread', async () => {
    const y = empty(1)
    stream.exclusive(
      async (inner) => {
        inner.enqueue({
          run: () => {
            throw new GpuError('inside')
          },
        })
      },
      { writes: [y.storage], site: SITE },
    )
    expect((await rejection(y.data())).message).toBe('inside\n  at caller.ts:7:3')
  })
})

it('an exclusive job that throws leaves nothing else behind', async () => {
  let inner: Stream | undefined
  stream.exclusive(async (own) => {
    inner = own
    own.prepare(() => Promise.reject(new GpuError('a part')))
    await new Promise((resolve) => setTimeout(resolve, 5))
    throw new GpuError('the whole')
  })
  expect((await rejection(stream.sync())).message).toBe('the whole')
  expect(inner?.errors.take()).toBeUndefined()
})

describe('a stream whose device is not open yet', () => {
  it('queues everything until it is', async () => {
    const gate = deferred<Device>()
    const late = new Stream(() => gate.promise)
    const x = tensor([1, 2, 3], { stream: late })
    const result = x.data()
    expect(late.idle).toBe(false)
    gate.resolve(device)
    expect([...(await result)]).toEqual([1, 2, 3])
    expect(late.device).toBe(device)
  })

  it('fails what was queued when none can be had, and tries again for what comes later', async () => {
    let attempts = 0
    const late = new Stream(async () => {
      if (++attempts === 1) throw new AdapterError('none here')
      return device
    })
    const [x, y] = [tensor([1], { stream: late }), tensor([2], { stream: late })]
    const errors = await Promise.all([rejection(x.data()), rejection(y.data())])
    for (const { message } of errors) expect(message).toMatch(/^none here/)
    expect(attempts).toBe(1)
    await late.sync()
    expect(attempts).toBe(2)
    expect([...(await x.write([4]).data())]).toEqual([4])
    expect((await rejection(y.data())).message).toMatch(/^none here/)
  })
})
