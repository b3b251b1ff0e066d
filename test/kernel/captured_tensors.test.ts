/** Tensors that kernels, and functions among their arguments, take from around them. */
import { describe, expect, it } from 'vitest'
import { JIT_SERVICES } from '../../src/autotuner/jit_services.ts'
import { getDevice, hl, type Tensor, type TileValue, tensor } from '../../src/index.ts'
import { kernelFactory } from '../../src/kernel/factory.ts'

const kernel = kernelFactory(JIT_SERVICES, { autotuneEffort: 'none' })

type Epilogue = (value: TileValue, columns: Parameters<Tensor['at']>[0]) => TileValue

const withEpilogue = (staticShapes: boolean) =>
  kernel({ staticShapes }, function withEpilogue(x: Tensor, epilogue: Epilogue) {
    const out = hl.emptyLike(x)
    for (const [i, j] of hl.tile(x.shape)) out.at(i, j).set(epilogue(x.at(i, j), j))
    return out
  })

describe.each([true, false])('tensors from around, with static shapes %s', (staticShapes) => {
  it('of a kernel', async () => {
    const weight = tensor([1, 2, 3])
    const table = tensor([
      [1, 2],
      [3, 4],
      [5, 6],
    ])
    const weigh = kernel({ staticShapes }, function weigh(x: Tensor) {
      const out = hl.emptyLike(x)
      const sums = hl.zerosLike(weight)
      for (const [i, j] of hl.tile([x.shape[0], weight.shape[0]])) {
        out.at(i, j).set(x.at(i, j).mul(weight.at(j)).add(table.T.at(1, j)))
        sums.at(j).atomicAdd(x.at(i, j).sum(0))
      }
      return [out, sums]
    })
    const [out, sums] = weigh(
      tensor([
        [1, 1, 1],
        [2, 2, 2],
      ]),
    ) as [Tensor, Tensor]
    expect([...(await out.data())]).toEqual([3, 6, 9, 4, 8, 12])
    expect([...(await sums.data())]).toEqual([3, 3, 3])
    weight.write([10, 20, 30])
    const [again] = weigh(
      tensor([
        [1, 1, 1],
        [2, 2, 2],
      ]),
    ) as [Tensor, Tensor]
    expect([...(await again.data())]).toEqual([12, 24, 36, 22, 44, 66])
  })

  it('of functions among the arguments, each with its own', async () => {
    const call = withEpilogue(staticShapes)
    const x = tensor([
      [1, 2],
      [3, 4],
    ])
    const [bias, scale] = [tensor([10, 20]), tensor([2, 3])]
    const adds: Epilogue = (value, j) => value.add(bias.at(j))
    const scales: Epilogue = (value, j) => value.mul(scale.at(j)).add(bias.at(j))
    expect([...(await call(x, adds).data())]).toEqual([11, 22, 13, 24])
    expect([...(await call(x, scales).data())]).toEqual([12, 26, 16, 32])
    expect([...(await call(x, adds).data())]).toEqual([11, 22, 13, 24])
    expect(call.bind(x, adds).bound.ir.tensors.map(({ name }) => name)).toContain('captured0')
    await getDevice()
    expect(call.bind(x, adds).toWgsl()).toContain('captured0')
  })

  it('that are written', async () => {
    const log = tensor([0, 0, 0])
    const note = kernel({ staticShapes }, function note(x: Tensor) {
      for (const t of hl.tile(x.shape[0])) log.at(t).set(x.at(t).add(log.at(t)))
    })
    note(tensor([1, 2, 3]))
    note(tensor([1, 2, 3]))
    expect([...(await log.data())]).toEqual([2, 4, 6])
  })

  it('in a variable that holds another one, once the first is disposed', async () => {
    let weight = tensor([1, 2])
    const scale = kernel({ staticShapes }, function scale(x: Tensor) {
      const out = hl.emptyLike(x)
      for (const t of hl.tile(x.shape[0])) out.at(t).set(x.at(t).mul(weight.at(t)))
      return out
    })
    const x = tensor([1, 1])
    await getDevice()
    scale.bind(x).setConfig({ block_sizes: [2] })
    expect([...(await scale(x).data())]).toEqual([1, 2])
    weight.dispose()
    weight = tensor([3, 4])
    expect([...(await scale(x).data())]).toEqual([3, 4])
    expect(scale.bind(x).bound.config?.data).toEqual({ block_sizes: [2] })
    weight.dispose()
    weight = tensor([5, 6, 7])
    expect([...(await scale(x).data())]).toEqual([5, 6])
    weight.dispose()
    expect(() => scale(x)).toThrow(/was used after it had been disposed/)
  })

  it('that are too short for a call', async () => {
    const short = tensor([1, 2])
    const add = kernel({ staticShapes }, function add(x: Tensor) {
      const out = hl.emptyLike(x)
      for (const t of hl.tile(x.shape[0])) out.at(t).set(x.at(t).add(short.at(t)))
      return out
    })
    expect(() => add(tensor([1, 2, 3]))).toThrow(/captured0\.at\(…\) reads dimension 0 of captured0/)
  })

  it('that were disposed', () => {
    const gone = tensor([1, 2])
    const add = kernel({ staticShapes }, function add(x: Tensor) {
      for (const t of hl.tile(x.shape[0])) x.at(t).set(x.at(t).add(gone.at(t)))
    })
    gone.dispose()
    expect(() => add(tensor([1, 2]))).toThrow(/was used after it had been disposed/)
  })
})

it('a search takes tensors from around the kernel along', async () => {
  const bias = tensor(Array.from({ length: 64 }, (_, i) => i))
  const configs = [{ block_sizes: 16 }, { block_sizes: 32 }]
  const add = kernel({ staticShapes: false, configs }, function add(x: Tensor) {
    const out = hl.emptyLike(x)
    for (const t of hl.tile(x.shape[0])) out.at(t).set(x.at(t).add(bias.at(t)))
    return out
  })
  const x = tensor(Array.from({ length: 64 }, () => 1))
  await add.autotune([x])
  expect([...(await add(x).data())]).toEqual(Array.from({ length: 64 }, (_, i) => i + 1))
})

describe('tensors that the function itself makes', () => {
  it('once, are as good as others', async () => {
    let kept: Tensor | undefined
    const fn = kernel(function fn(x: Tensor) {
      kept ??= tensor([1, 2, 3])
      const out = hl.emptyLike(x)
      for (const tile of hl.tile(x.shape[0])) out.at(tile).set(x.at(tile).add(kept.at(tile)))
      return out
    })
    expect([...(await fn(tensor([10, 20, 30])).data())]).toEqual([11, 22, 33])
  })

  it('whenever it runs, are refused: there is no end of them', () => {
    const fn = kernel(function fn(x: Tensor) {
      const out = tensor([0, 0, 0])
      for (const tile of hl.tile(x.shape[0])) out.at(tile).set(x.at(tile))
      return out
    })
    expect(() => fn(tensor([1, 2, 3]))).toThrow(
      /^a tensor is used in the kernel function that makes it\n.*captured_tensors.test.ts:\d+:\d+\n.*hl\.z/,
    )
  })
})
