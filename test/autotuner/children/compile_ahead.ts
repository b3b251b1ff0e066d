/**
 * A program that compiles ahead of devices in a thread, and prints how that went: in a process of its own,
 * since threads that use a driver cannot be ended.
 */
import { isMainThread } from 'node:worker_threads'
import { CompileThread, serveCompilations } from '../../../src/autotuner/isolation/compile_thread.ts'
import { type Device, openDevice } from '../../../src/runtime/device.ts'
import type { PipelineRequest } from '../../../src/runtime/pipelines/pipeline_request.ts'

const adapter = process.env.HELION_ADAPTER ?? ''
let made = 0

/** A shader that no driver has seen. */
function shader(): PipelineRequest {
  const steps = Array.from({ length: 40 }, (_, i) => `a = sin(a * ${i}.5) + s[(i + ${i}u) % 64u];`)
  return {
    label: 'test',
    wgsl: `@group(0) @binding(0) var<storage, read_write> s: array<f32>;
@compute @workgroup_size(64) fn main(@builtin(local_invocation_index) i: u32) {
  var a = s[i] * ${process.pid}${++made}.0;
  ${steps.join('\n  ')}
  s[i] = a;
}`,
    bindings: [{ access: 'read_write' }],
    words: { length: 0 },
    wordsIn: 'immediate',
  }
}

/** A device that has at once what it is asked for, as where another one has compiled it. */
const quick = {
  pipelines: { peek: () => undefined, get: () => Promise.resolve({ compileMs: 1 }) },
} as unknown as Device

const threadOf = (entry: string) => new CompileThread(entry, { count: 2, adapter, without: [] })

async function run(): Promise<void> {
  const [, own = '', broken = ''] = process.argv
  const device = await openDevice({ adapter })
  const thread = threadOf(own)
  let ms = 1
  // At first the thread has no devices yet.
  while (ms === 1) ms = await thread.compile(shader(), quick)
  const bad = { ...shader(), wgsl: 'no shader' }
  const refusal = await thread.compile(bad, device).catch(({ name }: Error) => name)
  for (let i = 0; i < 6; i++) await thread.compile(shader(), quick)
  const useful = !thread.givenUp
  const anew = threadOf(own)
  let compiled = true
  for (let i = 0; i < 200 && !anew.givenUp; i++) {
    const request = shader()
    compiled &&= (await anew.compile(request, device)) > 0 && device.pipelines.peek(request) !== undefined
  }
  const without = await anew.compile(shader(), device)
  const ended = threadOf(broken)
  const endedMs = await ended.compile(shader(), quick)
  const results = {
    ms,
    refusal,
    useful,
    givenUp: anew.givenUp,
    compiled,
    without,
    endedMs,
    end: ended.givenUp,
  }
  process.stdout.write(JSON.stringify(results), () => process.kill(process.pid, 'SIGKILL'))
}

if (isMainThread) await run()
else serveCompilations()
