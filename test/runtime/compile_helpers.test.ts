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

/** So many helpers, all of which were needed for what is done by now. */
async function helpers(count: number) {
  const { asked, all } = devices(count)
  const made = new CompileHelpers()
  await made.open(async () => all.shift() ?? fail(), count)
  const works = Array.from({ length: 4 * (count - 1) }, (_, i) => made.compile(shader(`busy ${i}`)))
  await turns()
  for (const { finish } of asked.splice(0)) finish()
  await Promise.all(works)
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

  it('opens further devices where there is much to compile, and no others', async () => {
    const { asked, all } = devices(3)
    const made = new CompileHelpers()
    await made.open(async () => all.shift() ?? fail(), 3)
    const works: Promise<number>[] = []
    for (const [shaders, count] of [
      ['abc', 1],
      ['d', 2],
      ['efg', 2],
      ['h', 3],
      ['ijklmnop', 3],
    ] as const) {
      works.push(...[...shaders].map((wgsl) => made.compile(shader(wgsl))))
      await turns()
      expect([shaders, made.count]).toEqual([shaders, count])
    }
    for (const { finish } of asked) finish()
    expect(await Promise.all(works)).toEqual(works.map(() => 30))
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
    const { asked, all } = devices(1)
    const open = vi.fn(async () => all.shift() ?? fail())
    await made.open(open, 4)
    const works = ['a', 'b', 'c', 'd', 'e'].map((wgsl) => made.compile(shader(wgsl)))
    await turns()
    expect([made.count, open.mock.calls.length]).toEqual([1, 2])
    for (const { finish } of asked) finish()
    expect(await Promise.all(works)).toEqual([30, 30, 30, 30, 30])
  })
})
