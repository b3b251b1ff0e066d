/**
 * What it costs to try configs in a process of their own: configs a second on softmax, in turns with and
 * without, each round on a new device. Run: npx tsx benchmarks/isolation.ts [rounds] [configs] [rows]
 * [columns]
 */
import { Budget } from '../src/autotuner/budget.ts'
import { IsolatedRunner } from '../src/autotuner/isolation/isolated_runner.ts'
import { TrialHost } from '../src/autotuner/isolation/trial_host.ts'
import { ConfigGeneration } from '../src/autotuner/search/session/config_generation.ts'
import { KernelBenchmarker, type KernelTrial } from '../src/autotuner/trial/kernel_benchmarker.ts'
import { hl, type Tensor } from '../src/index.ts'
import { BoundKernel } from '../src/kernel/bound_kernel.ts'
import { readArguments } from '../src/kernel/call_arguments.ts'
import { defineKernel } from '../src/kernel/definition.ts'
import { describeAdapter } from '../src/runtime/adapter/adapter.ts'
import { openDevice } from '../src/runtime/device.ts'
import { Stream } from '../src/runtime/stream.ts'
import { DeviceTensor } from '../src/runtime/tensor/tensor.ts'
import { createLog } from '../src/support/log.ts'
import { median } from '../src/support/maths.ts'
import { Random } from '../src/support/random.ts'

const [rounds = 5, configCount = 40, rows = 256, columns = 512] = process.argv.slice(2).map(Number)

function softmax(x: Tensor): Tensor {
  const out = hl.emptyLike(x)
  for (const row of hl.tile(x.shape[0] ?? 0)) {
    const v = x.at(row, ':')
    const e = v.sub(v.amax(-1, { keepdim: true })).exp()
    out.at(row, ':').set(e.div(e.sum(-1, { keepdim: true })))
  }
  return out
}

interface Round {
  readonly rate: number
  readonly openMs: number
}

/** One round; opening the process, or the memory, is told apart. */
async function round(isolated: boolean, seed: number): Promise<Round> {
  const device = await openDevice()
  const stream = new Stream(device)
  const x = DeviceTensor.allocate([rows, columns], 'f32', stream)
  x.upload(Float32Array.from({ length: rows * columns }, (_, i) => ((i * 7) % 11) - 3))
  const definition = defineKernel(softmax, {}, {})
  const call = readArguments([x])
  const bound = new BoundKernel(definition, call, 'benchmark')
  const spec = bound.spec(device)
  const { info } = device
  const host = new TrialHost({ info, adapter: process.env.HELION_ADAPTER ?? '', without: [] })
  const trial: KernelTrial = {
    bound,
    spec,
    call,
    device,
    stream,
    settings: { ...definition.options.settings, autotuneBenchmarkSubprocess: false },
    log: createLog(30),
    ...(isolated
      ? { openRunner: (parts) => IsolatedRunner.open(host, parts.subject, parts.contents, stream) }
      : {}),
  }
  const benchmarker = new KernelBenchmarker(trial)
  const options = { budget: new Budget({ seconds: null }), compileTimeoutMs: 60_000 }
  const configs = new ConfigGeneration(spec, new Random(seed)).randomPopulation(configCount)
  const begin = performance.now()
  await device.waitFor(benchmarker.measure([spec.defaultConfig()], options))
  const opened = performance.now()
  await device.waitFor(benchmarker.measure(configs, options))
  const rate = (1000 * configCount) / (performance.now() - opened)
  benchmarker.dispose()
  host.stop()
  device.destroy()
  return { rate, openMs: opened - begin }
}

const device = await openDevice()
console.log(
  `softmax f32 ${rows}x${columns} on ${describeAdapter(device.info)}, ${configCount} configs a round`,
)
device.destroy()
const results: Record<'shared' | 'isolated', Round[]> = { shared: [], isolated: [] }
for (let i = 0; i < rounds; i++)
  for (const kind of ['shared', 'isolated'] as const) {
    const result = await round(kind === 'isolated', i)
    results[kind].push(result)
    console.log(
      `${kind.padEnd(9)} ${result.rate.toFixed(1)} configs/s, first one after ${result.openMs.toFixed(0)} ms`,
    )
  }
const [shared, isolated] = [results.shared, results.isolated].map((list) =>
  median(list.map(({ rate }) => rate)),
)
console.log(
  `median ${shared?.toFixed(1)} and ${isolated?.toFixed(1)}: ${((isolated ?? 0) / (shared ?? 1)).toFixed(3)}`,
)
