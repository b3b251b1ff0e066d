import { describe, expect, it, vi } from 'vitest'
import { CompileHelpers, type Compiler } from '../../src/runtime/compile_helpers.ts'
import type { PipelineRequest } from '../../src/runtime/pipeline_request.ts'
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
    expect(asked.map(({ device }) => device)).toEqual([0, 1, 2, 0])
    for (const { finish } of asked) finish()
    expect(await Promise.all(works)).toEqual([30, 30, 30, 30])
  })

  it('opens no further device while those that are there have little to do, unless they have much', async () => {
    const { asked, all } = devices(3)
    const made = new CompileHelpers()
    const turns = async () => {
      for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setTimeout(resolve))
    }
    const works: Promise<number>[] = []
    const compile = (...shaders: string[]) =>
      works.push(...shaders.map((wgsl) => made.compile(shader(wgsl))))
    const opened = made.open(async () => {
      if (works.length === 0) setTimeout(() => compile('a'))
      return all.shift() ?? fail()
    }, 3)
    await turns()
    expect(made.count).toBe(1)
    compile('b', 'c', 'd', 'e')
    asked[0]?.finish()
    await turns()
    expect(made.count).toBe(2)
    for (const { finish } of asked) finish()
    await opened
    expect(made.count).toBe(3)
    expect(await Promise.all(works)).toEqual([30, 30, 30, 30, 30])
  })

  it('compiles equal shaders once while they are under way', async () => {
    const { asked, made } = await helpers(2)
    const works = ['a', 'a', 'b'].map((wgsl) => made.compile(shader(wgsl)))
    expect(asked.map(({ wgsl }) => wgsl)).toEqual(['a', 'b'])
    for (const { finish } of asked) finish()
    expect(await Promise.all(works)).toEqual([30, 30, 30])
  })

  it('answers for a shader that is refused too, and does without a device that is lost', async () => {
    const { asked, made } = await helpers(2)
    const refused = made.compile(shader('a'))
    const lost = made.compile(shader('b'))
    asked[0]?.finish(new GpuError('refused'))
    asked[1]?.finish(new AdapterError('lost'))
    expect([await refused, await lost, made.count]).toEqual([0, 0, 1])
  })

  it('does with as many devices as there are', async () => {
    const made = new CompileHelpers()
    expect(await made.compile(shader('a'))).toBe(0)
    const { all } = devices(1)
    const open = vi.fn(async () => all.shift() ?? fail())
    await made.open(open, 4)
    expect([made.count, open.mock.calls.length]).toEqual([1, 2])
  })
})
