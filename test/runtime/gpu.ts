/** What the tests of the runtime share: small kernels and ways to launch them. */

import type { Launch } from '../../src/runtime/commands/launch.ts'
import type { Device } from '../../src/runtime/device.ts'
import type { PipelineRequest } from '../../src/runtime/pipelines/pipeline_request.ts'
import type { DeviceTensor } from '../../src/runtime/tensor/tensor.ts'
import type { Timing } from '../../src/runtime/timing/timing.ts'

/** `y[i] = <expression of v>` for i below the launch word n; v is x[i], k is the second launch word. */
export function mapKernel(device: Device, expression: string): PipelineRequest {
  const immediate = device.limits.maxImmediateBytes > 0
  return {
    label: 'map',
    wgsl: [
      immediate ? 'requires immediate_address_space;' : '',
      'struct Launch { n: u32, k: u32 }',
      '@group(0) @binding(0) var<storage, read> x: array<f32>;',
      '@group(0) @binding(1) var<storage, read_write> y: array<f32>;',
      immediate ? 'var<immediate> launch: Launch;' : '@group(0) @binding(2) var<uniform> launch: Launch;',
      '@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {',
      '  if (id.x >= launch.n) { return; }',
      '  let v = x[id.x];',
      '  let k = f32(launch.k);',
      `  y[id.x] = ${expression};`,
      '}',
    ].join('\n'),
    bindings: [{ access: 'read' }, { access: 'read_write' }],
    words: { length: 2 },
    wordsIn: immediate ? 'immediate' : 'uniform',
  }
}

/** A launch of a map kernel from x to y. */
export async function mapLaunch(
  device: Device,
  expression: string,
  x: DeviceTensor,
  y: DeviceTensor,
  k = 0,
): Promise<Launch> {
  const pipeline = await device.pipelines.get(mapKernel(device, expression))
  const grid = [Math.ceil(x.size / 64), 1, 1] as const
  return { pipeline, storages: [x.storage, y.storage], words: Uint32Array.of(x.size, k), grid }
}

/** A promise with its handles. */
export function deferred<T = void>(): {
  promise: Promise<T>
  resolve: (value: T) => void
  reject: (e: unknown) => void
} {
  let resolve: (value: T) => void = () => {}
  let reject: (error: unknown) => void = () => {}
  const promise = new Promise<T>((yes, no) => {
    resolve = yes
    reject = no
  })
  return { promise, resolve, reject }
}

/** The error that a promise rejects with; fails when it does not. */
export async function rejection(promise: Promise<unknown>): Promise<Error> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof Error)) throw new Error(`expected a rejection with an Error, got ${String(error)}`)
  return error
}

/** Milliseconds of the quickest sample: what other work on the machine disturbs least. */
export function quickest(timing: Timing | undefined): number {
  return Math.min(...(timing?.samplesMs ?? []))
}
