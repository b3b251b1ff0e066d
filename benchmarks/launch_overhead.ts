/**
 * Host time of one launch on the deferred stream, in microseconds: median over rounds of many launches
 * without waiting, submits included. Run: npx tsx benchmarks/launch_overhead.ts
 * HELION_DAWN_FLAGS=backend=null takes the GPU out of the picture.
 */
import { hl, kernel, ones, type Tensor } from '../src/index.ts'
import { describeAdapter } from '../src/runtime/adapter/adapter.ts'
import type { Launch } from '../src/runtime/commands/launch.ts'
import { type Device, openDevice } from '../src/runtime/device.ts'
import type { PipelineRequest } from '../src/runtime/pipelines/pipeline_request.ts'
import { Stream } from '../src/runtime/stream.ts'
import { DeviceTensor } from '../src/runtime/tensor/tensor.ts'
import { median } from '../src/support/maths.ts'

const LAUNCHES = 2000
const ROUNDS = 15

function request(device: Device, factor: number): PipelineRequest {
  const immediate = device.limits.maxImmediateBytes > 0
  const wgsl = `${immediate ? 'requires immediate_address_space;' : ''}
struct Launch { n: u32, a: u32, b: u32, c: u32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
${immediate ? 'var<immediate> launch: Launch;' : '@group(0) @binding(2) var<uniform> launch: Launch;'}
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < launch.n) { y[id.x] = x[id.x] * ${factor}.0; }
}`
  const bindings = [{ access: 'read' as const }, { access: 'read_write' as const }]
  return {
    label: `times_${factor}`,
    wgsl,
    bindings,
    words: { length: 4 },
    wordsIn: immediate ? 'immediate' : 'uniform',
  }
}

async function measure(
  name: string,
  stream: Stream,
  step: (i: number) => void,
  awaits = false,
): Promise<void> {
  const times: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now()
    if (awaits) for (let i = 0; i < LAUNCHES; i++) await step(i)
    else for (let i = 0; i < LAUNCHES; i++) step(i)
    stream.flush()
    times.push(((performance.now() - start) * 1000) / LAUNCHES)
    await stream.sync()
  }
  console.log(`${name.padEnd(58)} ${median(times).toFixed(2)} us`)
}

async function run(device: Device): Promise<void> {
  const stream = new Stream(device)
  const x = DeviceTensor.allocate([64], 'f32', stream)
  const y = DeviceTensor.allocate([64], 'f32', stream)
  const pipelines = await Promise.all([2, 3].map((factor) => device.pipelines.get(request(device, factor))))
  const [first, second] = pipelines
  if (!first || !second) throw new Error('two pipelines were asked for')
  const words = Uint32Array.of(64, 0, 0, 0)
  const same: Launch = { pipeline: first, storages: [x.storage, y.storage], words, grid: [1, 1, 1] }
  const other: Launch = { ...same, pipeline: second, storages: [y.storage, x.storage] }

  await measure('the same launch again', stream, () => stream.launch(same))
  await measure('two kernels in turn, other words each time', stream, (i) => {
    words[1] = i
    stream.launch(i % 2 === 0 ? same : other)
  })
  await measure('a call: new output tensor, launch, old output disposed', stream, (i) => {
    words[1] = i
    const out = DeviceTensor.allocate([64], 'f32', stream)
    stream.launch({ pipeline: first, storages: [x.storage, out.storage], words, grid: [1, 1, 1] })
    out.dispose()
  })
  await measure('new output tensor and dispose alone', stream, () => {
    DeviceTensor.allocate([64], 'f32', stream).dispose()
  })
}

const double = kernel({ staticShapes: false, config: {} }, function double(x: Tensor) {
  const out = hl.emptyLike(x)
  for (const t of hl.tile(x.shape[0])) out.at(t).set(x.at(t).mul(2))
  return out
})

/** Calls of a kernel as users make them. */
async function runKernel(device: Device): Promise<void> {
  const stream = new Stream(device)
  const x = ones([64], { stream })
  double(x).dispose()
  await stream.sync()
  const step = (): void => double(x).dispose()
  await measure('a call of a kernel, its result disposed', stream, step)
  await measure('the same, awaiting something after each call', stream, step, true)
}

for (const without of [[], ['immediates']]) {
  const device = await openDevice({ without })
  const words = device.limits.maxImmediateBytes > 0 ? 'immediates' : 'a uniform buffer'
  console.log(`${describeAdapter(device.info)}; launch words in ${words}`)
  await run(device)
  await runKernel(device)
}
