/** Modules whose configs hold tunables: the kernel runs as it is traced for them. */
import { expect, it, vi } from 'vitest'
import { aotKernel, getDevice, hl, ones, type Tensor } from '../../../src/index.ts'
import { listen } from '../../listen.ts'
import { temporaryFolder } from '../../temporary_folder.ts'
import { deviceFamily, putModule, sourceIn } from './harness.ts'

function split(folder: string) {
  return aotKernel({ source: sourceIn(folder), printOutputCode: true }, function split(x: Tensor) {
    const [n] = x.shape
    const parts = hl.registerTunable('parts', hl.powerOf2(1, 16))
    const length = hl.cdiv(n, parts)
    const partial = hl.empty([parts])
    const out = hl.empty([1])
    for (const p of hl.grid(parts)) {
      const begin = p.mul(length)
      const acc = hl.zeros([])
      for (const t of hl.tile(begin, hl.minimum(begin.add(length), n))) acc.addAssign(x.at(t).sum())
      partial.at(p).set(acc)
    }
    for (const _ of hl.grid(1)) out.at(0).set(partial.at(':').sum())
    return out
  })
}

it('every call runs with the values for its shape', async () => {
  const { info, limits } = await getDevice()
  const folder = temporaryFolder()
  const configs = ['{ parts: 4, num_warps: 1 }', '{ parts: 16, num_warps: 1 }']
  const key = 'return (arg0 as { shape: number[] }).shape[0]! > 100 ? 1 : 0'
  putModule(folder, { kernel: 'split', family: deviceFamily(info, limits), configs, key })
  const stderr = listen()
  const kernel = split(folder)
  for (const [size, parts] of [
    [50, 4],
    [1000, 16],
    [51, 4],
  ] as const) {
    expect([...(await kernel(ones([size])).data())]).toEqual([size])
    expect(stderr.text).toContain(`parts: ${parts}`)
  }
  expect(stderr.text).not.toContain('default config')
  vi.restoreAllMocks()
})
