/**
 * The least that a launch on some tensors can be: one thread that reads a word of each and writes a word of
 * those that may be written. No config of a kernel on these tensors can be faster, so that what lies between
 * this and the best config is all that a search can still win.
 */

import { type Launch, NO_WORDS } from '../commands/launch.ts'
import type { Device } from '../device.ts'
import type { Storage } from '../memory/storage.ts'
import type { PipelineRequest } from '../pipelines/pipeline_request.ts'

/** Every adapter can bind so many buffers at a time. */
const MOST_BINDINGS = 8

/** Changes the first word of the `written` tensors. Rejects as `device.pipelines.get` does. */
export async function leastLaunch(
  device: Device,
  storages: readonly Storage[],
  written: ReadonlySet<Storage>,
): Promise<Launch> {
  const bound = [...new Set(storages)].filter(({ bytes }) => bytes >= 4).slice(0, MOST_BINDINGS)
  const pipeline = await device.pipelines.get(requestFor(bound.map((storage) => written.has(storage))))
  return { pipeline, storages: bound, words: NO_WORDS, grid: [1, 1, 1] }
}

function requestFor(writable: readonly boolean[]): PipelineRequest {
  const access = writable.map((may) => (may ? ('read_write' as const) : ('read' as const)))
  const variables = access.map(
    (mode, i) => `@group(0) @binding(${i}) var<storage, ${mode}> b${i}: array<u32>;`,
  )
  const sum = ['0u', ...access.map((_, i) => `b${i}[0]`)].join(' + ')
  const writes = access.flatMap((mode, i) => (mode === 'read_write' ? [`b${i}[0] = sum;`] : []))
  return {
    label: 'least_launch',
    wgsl: `${variables.join('\n')}
@compute @workgroup_size(1) fn main() {
  let sum = ${sum};
  ${writes.join('\n  ')}
}`,
    bindings: access.map((mode) => ({ access: mode })),
    words: { length: 0 },
    wordsIn: 'immediate',
  }
}
