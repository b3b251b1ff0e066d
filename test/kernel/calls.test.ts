/** The life of calls: before there is a device, many in a row, with nothing to do, in the interpreter. */
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { getDevice, hl, kernel, sync, type Tensor, tensor, zeros } from '../../src/index.ts'
import { defaultStream, resetDevice } from '../../src/runtime/default_device.ts'
import { Stream } from '../../src/runtime/stream.ts'
import { plusOne } from './kernels.ts'

type Real = ReturnType<typeof zeros>
const given = { config: {} }

async function numbers(result: Tensor): Promise<readonly number[]> {
  return [...(await (result as Real).data())]
}

describe('before the device is open', () => {
  beforeEach(resetDevice)

  it('calls return at once, and run in order when it is', async () => {
    const add = plusOne()
    const x = tensor([1, 2, 3])
    const y = add(add(x))
    x.write([10, 20, 30])
    const z = add(x)
    expect(defaultStream().device).toBeUndefined()
    expect([y.shape, y.dtype]).toEqual([[3], 'f32'])
    expect(await numbers(z)).toEqual([11, 21, 31])
    expect(await numbers(y)).toEqual([3, 4, 5])
    expect(defaultStream().device).toBeDefined()
  })

  it('the same kernel serves the next device', async () => {
    const add = plusOne()
    expect(await numbers(add(tensor([1])))).toEqual([2])
    await resetDevice()
    expect(await numbers(add(tensor([2])))).toEqual([3])
  })
})

describe('in a row', () => {
  it('the first waits for its shader, later ones are encoded at once', async () => {
    await getDevice()
    const add = plusOne()
    const x = zeros([64])
    await sync()
    const launched = (): number => x.stream.capture(() => void add(x)).length
    expect([launched(), x.stream.idle]).toEqual([0, false])
    await sync()
    expect([launched(), launched(), x.stream.idle]).toEqual([1, 1, true])
  })

  it('a thousand, each on the result of the one before', async () => {
    const add = plusOne()
    let x: Tensor = zeros([33])
    for (let i = 0; i < 1000; i++) x = add(x)
    expect(new Set(await numbers(x))).toEqual(new Set([1000]))
  })

  it('what a kernel fills and writes is new for each call', async () => {
    const count = kernel(given, function count(x: Tensor) {
      const counts = hl.full([4], 5, 'i32')
      for (const t of hl.tile(x.shape[0])) counts.at(x.at(t)).atomicAdd(1)
      return counts
    })
    const [x, y] = [tensor([0, 1, 1, 3], { dtype: 'i32' }), tensor([2, 2, 2, 2], { dtype: 'i32' })]
    const results = [x, y, x].map((ids) => count(ids))
    expect(await Promise.all(results.map(numbers))).toEqual([
      [6, 7, 5, 6],
      [5, 5, 9, 5],
      [6, 7, 5, 6],
    ])
  })

  it('on streams of their own', async () => {
    const device = await getDevice()
    const add = plusOne()
    const xs = [1, 2].map((value) => tensor([value], { stream: new Stream(device) }))
    expect(await Promise.all(xs.map((x) => numbers(add(add(x)))))).toEqual([[3], [4]])
  })

  it('a tensor may be disposed as soon as the call that reads it was made', async () => {
    const add = plusOne()
    const x = tensor([1, 2])
    const y = add(x)
    x.dispose()
    expect(await numbers(y)).toEqual([2, 3])
  })
})

describe('with nothing to do', () => {
  it('give tensors without elements', async () => {
    const double = kernel({ ...given, staticShapes: false }, function double(x: Tensor) {
      const out = hl.emptyLike(x)
      for (const [i, j] of hl.tile([x.shape[0], x.shape[1]])) out.at(i, j).set(x.at(i, j).mul(2))
      return out
    })
    for (const shape of [
      [0, 5],
      [5, 0],
      [0, 0],
    ]) {
      const result = double(zeros(shape))
      expect([result.shape, await numbers(result)]).toEqual([shape, []])
    }
  })

  it('leave what they would have written as it was filled', async () => {
    const sums = kernel(given, function sums(x: Tensor) {
      const out = hl.full([3], 7)
      for (const t of hl.tile(x.shape[0])) out.at(t).set(x.at(t, ':').sum(1))
      return out
    })
    expect(await numbers(sums(zeros([0, 4])))).toEqual([7, 7, 7])
    expect(await numbers(sums(zeros([2, 0])))).toEqual([0, 0, 7])
  })
})

describe('in the interpreter', () => {
  it('give the same without a shader', async () => {
    const { pipelines } = await getDevice()
    const add = plusOne({ refMode: true })
    const inPlace = kernel({ refMode: true }, function in_place(x: Tensor, by: number) {
      const old = hl.empty(x.shape, x.dtype)
      for (const t of hl.tile(x.shape[0])) {
        old.at(t).set(x.at(t))
        x.at(t).set(x.at(t).mul(by))
      }
      return { x, old }
    })
    const x = tensor([1, 2, 3])
    const built = vi.spyOn(pipelines, 'get')
    expect(await numbers(add(add(x)))).toEqual([3, 4, 5])
    const { x: same, old } = inPlace(x, 2)
    expect(same).toBe(x)
    expect([await numbers(x), await numbers(old)]).toEqual([
      [2, 4, 6],
      [1, 2, 3],
    ])
    expect(await numbers(add(zeros([0])))).toEqual([])
    expect(built).not.toHaveBeenCalled()
  })

  it('fill what the kernel fills', async () => {
    const filled = kernel({ refMode: true }, function filled(x: Tensor) {
      const out = hl.full([3], 4)
      for (const t of hl.tile(x.shape[0])) out.at(t).set(x.at(t))
      return out
    })
    expect(await numbers(filled(tensor([9])))).toEqual([9, 4, 4])
  })

  it('when the environment says so', async () => {
    vi.stubEnv('HELION_INTERPRET', '1')
    const add = plusOne()
    vi.unstubAllEnvs()
    expect(add.definition.options.settings.refMode).toBe(true)
    expect(await numbers(add(tensor([1])))).toEqual([2])
  })
})
