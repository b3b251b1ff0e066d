import { describe, expect, it, vi } from 'vitest'
import { CompileHelpers, type Compiler } from '../../src/runtime/compile_helpers.ts'
import type { PipelineRequest } from '../../src/runtime/pipelines/pipeline_request.ts'
import { AdapterError, GpuError } from '../../src/support/errors.ts'

const shader = (wgsl: string): PipelineRequest => ({
  label: 'test',
  wgsl,
  bindings: [],
  words: { length: 0 },
  wordsIn: 'immediate',
})

/** Devices whose shaders are compiled when `finish` says so. */
function devices(count: number) {
  const asked: { device: number; wgsl: string; finish: (error?: Error) => void }[] = []
  const all = Array.from({ length: count }, (_, device) => {
    const get = ({ wgsl }: PipelineRequest) =>
      new Promise((resolve, reject) => {
        asked.push({
          device,
          wgsl,
          finish: (error) => (error ? reject(error) : resolve({ compileMs: 30 })),
        })
      })
    return { pipelines: { get } } as unknown as Compiler
  })
  return { asked, all }
}

const turns = async () => {
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setTimeout(resolve))
}

async function helpers(count: number) {
  const { asked, all } = devices(count)
  const made = new CompileHelpers()
  await made.open(async () => all.shift() ?? fail(), count)
  return { asked, made }
}

function fail(): never {
  throw new AdapterError('no device')
}

describe('CompileHelpers', () => {
  it('gives each shader to the device that has least to do', async () => {
    const { asked, made } = await helpers(3)
    const works = ['a', 'b', 'c', 'd'].map((wgsl) => made.compile(shader(wgsl)))
    await turns()
    expect(asked.map(({ device }) => device)).toEqual([0, 1, 2, 0])
    for (const { finish } of asked) finish()
    expect(await Promise.all(works)).toEqual([30, 30, 30, 30])
  })

  it('compiles on the first device while others are opened, and opens none once it is closed', async () => {
    const { asked, all } = devices(3)
    const opening: (() => void)[] = []
    const ended: Compiler[] = []
    const made = new CompileHelpers()
    const opened = made.open(async () => {
      await new Promise<void>((resolve) => opening.push(resolve))
      const device = all.shift() ?? fail()
      return Object.assign(device, { destroy: () => ended.push(device) })
    }, 3)
    const work = made.compile(shader('a'))
    await turns()
    expect([made.count, asked.length]).toEqual([0, 0])
    opening.shift()?.()
    await turns()
    expect([made.count, opening.length, asked.length]).toEqual([1, 1, 1])
    asked[0]?.finish()
    expect(await work).toBe(30)
    made.close()
    opening.shift()?.()
    await opened
    expect([made.count, opening.length, ended.length, all.length]).toEqual([0, 0, 2, 1])
  })

  it('compiles equal shaders once while they are under way', async () => {
    const { asked, made } = await helpers(2)
    const works = ['a', 'a', 'b'].map((wgsl) => made.compile(shader(wgsl)))
    await turns()
    expect(asked.map(({ wgsl }) => wgsl)).toEqual(['a', 'b'])
    for (const { finish } of asked) finish()
    expect(await Promise.all(works)).toEqual([30, 30, 30])
  })

  it('answers for a shader that is refused too, and does without a device that is lost', async () => {
    const { asked, made } = await helpers(2)
    const refused = made.compile(shader('a'))
    const lost = made.compile(shader('b'))
    await turns()
    asked[0]?.finish(new GpuError('refused'))
    asked[1]?.finish(new AdapterError('lost'))
    expect([await refused, await lost, made.count]).toEqual([0, 0, 1])
  })

  it('does with as many devices as there are', async () => {
    const made = new CompileHelpers()
    expect(await made.compile(shader('a'))).toBe(0)
    const { asked, all } = devices(1)
    const open = vi.fn(async () => all.shift() ?? fail())
    await made.open(open, 4)
    const works = ['a', 'b', 'c', 'd', 'e'].map((wgsl) => made.compile(shader(wgsl)))
    await turns()
    expect([made.count, open.mock.calls.length]).toEqual([1, 2])
    // Two at a time: what waits goes to devices that are opened later, too.
    for (const count of [2, 4, 5]) {
      expect(asked.map(({ wgsl }) => wgsl)).toEqual(['a', 'b', 'c', 'd', 'e'].slice(0, count))
      for (const { finish } of asked) finish()
      await turns()
    }
    expect(await Promise.all(works)).toEqual([30, 30, 30, 30, 30])
  })
})
