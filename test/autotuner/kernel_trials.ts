/** Real kernels, bound and ready to be tried on the test adapter. */
import { vi } from 'vitest'
import { Budget } from '../../src/autotuner/budget.ts'
import { KernelBenchmarker, type KernelTrial } from '../../src/autotuner/trial/kernel_benchmarker.ts'
import { BoundKernel } from '../../src/kernel/bound_kernel.ts'
import { type CallArguments, readArguments } from '../../src/kernel/call_arguments.ts'
import { defineKernel } from '../../src/kernel/definition.ts'
import type { AnyFunction, KernelOptions } from '../../src/kernel/options.ts'
import { hl, type Tensor } from '../../src/language/index.ts'
import { getDevice } from '../../src/runtime/default_device.ts'
import type { Device } from '../../src/runtime/device.ts'
import { Stream } from '../../src/runtime/stream.ts'
import { DeviceTensor } from '../../src/runtime/tensor/tensor.ts'
import type { DType } from '../../src/support/dtypes.ts'
import { createLog } from '../../src/support/log.ts'
import { product } from '../../src/support/maths.ts'
import { PATIENT } from './faults.ts'

export const FOREVER: Budget = new Budget({ seconds: null })

/** A tensor of small numbers on the device, ready to be read. */
export async function ramp(
  shape: readonly number[],
  dtype: DType = 'f32',
  device?: Device,
): Promise<DeviceTensor> {
  const stream = new Stream(device ?? (await getDevice()))
  const tensor = DeviceTensor.allocate(shape, dtype, stream)
  tensor.upload(Float32Array.from({ length: product(shape) }, (_, i) => ((i * 7) % 11) - 3))
  await stream.sync()
  return tensor
}

export interface Tried extends KernelTrial {
  readonly benchmarker: KernelBenchmarker
  readonly logged: readonly string[]
}

/** A kernel bound to a call, with a benchmarker for it. */
export async function trial(
  fn: AnyFunction,
  values: readonly unknown[],
  options: KernelOptions = {},
  parts: Partial<KernelTrial> = {},
): Promise<Tried> {
  const device = parts.device ?? (await getDevice())
  const { autotuneBenchmarkTimeout } = PATIENT
  const definition = defineKernel(fn, { autotuneBenchmarkTimeout, ...options }, {})
  const call: CallArguments = readArguments(values)
  const bound = new BoundKernel(definition, call, 'test')
  const logged: string[] = []
  const made: KernelTrial = {
    bound,
    spec: bound.spec(device),
    call,
    device,
    stream: new Stream(device),
    settings: definition.options.settings,
    log: createLog(20, (line) => logged.push(line)),
    ...parts,
  }
  return { ...made, benchmarker: new KernelBenchmarker(made), logged }
}

/** The first thing read is an argument, for the reference; the next are answers, of which one never comes. */
export function losesAnswer({ stream }: KernelTrial): void {
  const read = stream.read.bind(stream)
  let reads = 0
  const lost = new Promise<never>(() => {})
  vi.spyOn(stream, 'read').mockImplementation((storage, site) => (reads++ === 1 ? lost : read(storage, site)))
}

export function double(x: Tensor): Tensor {
  const out = hl.emptyLike(x)
  for (const t of hl.tile(x.shape[0] ?? 0)) out.at(t).set(x.at(t).mul(2))
  return out
}

export function increment(x: Tensor): void {
  for (const t of hl.tile(x.shape[0] ?? 0)) x.at(t).set(x.at(t).add(1))
}

export function matmul(x: Tensor, y: Tensor): Tensor {
  const [m = 0, k = 0] = x.shape
  const out = hl.empty([m, y.shape[1] ?? 0], x.dtype)
  for (const [tm, tn] of hl.tile([m, y.shape[1] ?? 0])) {
    const acc = hl.zeros([tm, tn], 'f32')
    for (const tk of hl.tile(k)) acc.addDot(x.at(tm, tk), y.at(tk, tn))
    out.at(tm, tn).set(acc.to(out.dtype))
  }
  return out
}

/** Counts the elements of each value. */
export function histogram(x: Tensor): Tensor {
  const counts = hl.zeros([16], 'i32')
  for (const t of hl.tile(x.shape[0] ?? 0)) counts.at(x.at(t)).atomicAdd(1)
  return counts
}

/** Two loops: the second reads what the first one writes. */
export function center(x: Tensor): Tensor {
  const [m = 0] = x.shape
  const means = hl.empty([m])
  const out = hl.emptyLike(x)
  for (const t of hl.tile(m)) means.at(t).set(x.at(t, ':').mean(-1))
  for (const t of hl.tile(m)) out.at(t, ':').set(x.at(t, ':').sub(means.at(t, null)))
  return out
}
