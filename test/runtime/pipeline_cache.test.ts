/** Pipelines: shared, forgotten when they fail or grow old, and errors that show the shader's lines. */
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { type Device, openDevice } from '../../src/runtime/device.ts'
import { BindGroups } from '../../src/runtime/pipelines/bind_groups.ts'
import { PipelineCache } from '../../src/runtime/pipelines/pipeline_cache.ts'
import type { PipelineRequest } from '../../src/runtime/pipelines/pipeline_request.ts'
import { Stream } from '../../src/runtime/stream.ts'
import { DeviceTensor } from '../../src/runtime/tensor/tensor.ts'
import { tensor } from '../../src/runtime/tensor/tensor_factories.ts'
import { GpuError } from '../../src/support/errors.ts'
import { mapKernel, mapLaunch, rejection } from './gpu.ts'

let device: Device
let uncaptured = 0

beforeAll(async () => {
  device = await openDevice()
  device.gpu.addEventListener('uncapturederror', () => {
    uncaptured++
  })
})

afterEach(() => {
  expect(uncaptured).toBe(0)
  expect(device.errors.take()).toBeUndefined()
})

const plain = (wgsl: string): PipelineRequest => ({
  label: 'plain',
  wgsl,
  bindings: [],
  words: { length: 0 },
  wordsIn: 'immediate',
})

const numbered = (n: number) => plain(`@compute @workgroup_size(${n}) fn main() {}`)

function newCache(entries: number): PipelineCache {
  const uniforms = device.gpu.createBuffer({ size: 256, usage: 0x40 })
  return new PipelineCache(
    device.gpu,
    new BindGroups(device.gpu, uniforms),
    (work) => device.answer(work),
    entries,
  )
}

describe('PipelineCache', () => {
  it('compiles equal requests once, also while the first is in flight', async () => {
    const [a, b] = await Promise.all([
      device.pipelines.get(mapKernel(device, 'v + 3.0')),
      device.pipelines.get(mapKernel(device, 'v + 3.0')),
    ])
    expect(a).toBe(b)
    expect(a.compileMs).toBeGreaterThan(0)
    expect(device.pipelines.peek(mapKernel(device, 'v + 3.0'))).toBe(a)
  })

  it('gives the processor to the compiler while it compiles', async () => {
    const answer = vi.spyOn(device, 'answer')
    await device.pipelines.get(mapKernel(device, 'v + 3.5'))
    expect(answer).toHaveBeenCalledTimes(1)
    answer.mockRestore()
  })

  it('tells requests apart by text, by accesses and by words', async () => {
    const base = mapKernel(device, 'v')
    const writable = { ...base, wgsl: base.wgsl.replace('storage, read>', 'storage, read_write>') }
    const others: PipelineRequest[] = [
      mapKernel(device, 'v * 1.0'),
      { ...writable, bindings: [{ access: 'read_write' }, { access: 'read_write' }] },
      { ...base, words: { length: 4 } },
    ]
    const pipelines = await Promise.all([base, ...others].map((request) => device.pipelines.get(request)))
    expect(new Set(pipelines).size).toBe(4)
  })

  it('knows nothing before it was asked', () => {
    expect(device.pipelines.peek(mapKernel(device, 'v - 17.0'))).toBeUndefined()
  })

  it('forgets the longest unused', async () => {
    const cache = newCache(2)
    const [one, two] = [await cache.get(numbered(1)), await cache.get(numbered(2))]
    expect(await cache.get(numbered(1))).toBe(one)
    await cache.get(numbered(3))
    expect(cache.size).toBe(2)
    expect(await cache.get(numbered(1))).toBe(one)
    expect(await cache.get(numbered(2))).not.toBe(two)
  })

  it('shows line, column and text of WGSL errors, and forgets the shader', async () => {
    const bad = plain(
      '// one\n@compute @workgroup_size(1)\nfn main() {\n  let x: f32 = 1u;\n  let y = x;\n}\n// seven',
    )
    const size = device.pipelines.size
    const error = await rejection(device.pipelines.get(bad))
    expect(error).toBeInstanceOf(GpuError)
    expect(error.message).toBe(
      [
        "The WGSL of kernel 'plain' was refused:",
        "4:7 cannot initialize 'let' of type 'f32' with value of type 'u32'",
        '  2 | @compute @workgroup_size(1)',
        '  3 | fn main() {',
        '> 4 |   let x: f32 = 1u;',
        '    |       ^',
        '  5 |   let y = x;',
        '  6 | }',
      ].join('\n'),
    )
    expect(device.pipelines.size).toBe(size)
    expect(device.pipelines.peek(bad)).toBeUndefined()
    expect((await rejection(device.pipelines.get(bad))).message).toBe(error.message)
  })

  it('passes on why a pipeline was refused', async () => {
    const greedy = plain(
      'var<workgroup> a: array<f32, 20000>;\n@compute @workgroup_size(1) fn main() { a[0] = 1.0; }',
    )
    const error = await rejection(device.pipelines.get(greedy))
    expect(error).toBeInstanceOf(GpuError)
    expect(error.message).toMatch(/^The GPU refused kernel 'plain': .*workgroup storage \(80000 bytes\)/)
  })

  it('passes on that a shader does not fit its bindings', async () => {
    const request = { ...mapKernel(device, 'v'), bindings: [{ access: 'read' as const }] }
    const error = await rejection(device.pipelines.get(request))
    expect(error).toBeInstanceOf(GpuError)
    expect(error.message).toContain("The GPU refused kernel 'map'")
  })
})

describe('bind groups', () => {
  it('are made once for the same buffers and dropped with them', async () => {
    const own = await openDevice({ maxIdleBytes: 0 })
    const stream = new Stream(own)
    const [x, y] = [tensor([1], { stream }), tensor([0], { stream })]
    const launch = await mapLaunch(own, 'v + 1.0', x, y)
    const { groups } = launch.pipeline.layout
    for (let i = 0; i < 3; i++) stream.launch(launch)
    expect(groups.size).toBe(1)
    stream.launch(await mapLaunch(own, 'v * 2.0', y, x))
    expect(groups.size).toBe(2)
    expect(await x.data()).toEqual(Float32Array.of(4))
    y.dispose()
    expect(groups.size).toBe(0)
    own.destroy()
  })
})

describe('launch words in a uniform buffer', () => {
  it('reach each launch, more of them than one submit holds', async () => {
    const own = await openDevice({ without: ['immediates'] })
    const stream = new Stream(own)
    const pipeline = await own.pipelines.get({
      label: 'many_words',
      wgsl: `struct Launch { k: vec4u, others: array<vec4u, 99> }
@group(0) @binding(0) var<storage, read_write> y: array<u32>;
@group(0) @binding(1) var<uniform> launch: Launch;
@compute @workgroup_size(1) fn main() { y[launch.k.x] = launch.k.y + launch.others[98].w; }`,
      bindings: [{ access: 'read_write' }],
      words: { length: 400 },
      wordsIn: 'uniform',
    })
    const y = DeviceTensor.allocate([200], 'u32', stream)
    const put = (index: number, value: number) => {
      const words = new Uint32Array(400)
      words.set([index, value])
      words[399] = 3
      stream.launch({ pipeline, storages: [y.storage], words, grid: [1, 1, 1] })
    }
    for (let k = 0; k < 200; k++) put(k, 1000 + k)
    expect([...(await y.data())]).toEqual(Array.from({ length: 200 }, (_, k) => 1003 + k))
    // Slots of earlier submits hold other words by now.
    for (let k = 0; k < 20; k++) put(k, 5)
    put(3, 1003)
    put(199, 1199)
    expect([...(await y.data())].slice(1, 4)).toEqual([8, 8, 1006])
    own.destroy()
  })
})
