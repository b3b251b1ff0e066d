/**
 * A process for trials in which something goes wrong with the programs of 256 invocations: what, says the
 * variable TRIAL_FAULT. A fault whose name ends in `once` happens once, which the file TRIAL_MARK keeps.
 */
import { existsSync, writeFileSync, writeSync } from 'node:fs'
import { serve } from '../../../src/autotuner/isolation/serve.ts'
import type { TrialProgram } from '../../../src/autotuner/trial/trial_program.ts'
import type { TrialRunner } from '../../../src/autotuner/trial/trial_runner.ts'
import type { Device } from '../../../src/runtime/device.ts'
import { GpuError } from '../../../src/support/errors.ts'

const REPLIES = 3
const MARKED = '@workgroup_size(256'
/** Runs for hours, and the compiler cannot know. */
const ENDLESS = `@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@compute ${MARKED}) fn main() {
  var sum = x[0];
  for (var i = 0u; i < 4000000000u; i++) {
    for (var j = 0u; j < 4000000000u; j++) { sum = fract(sum * 1.7 + x[j % 64u]); }
  }
  y[0] = sum;
}`

const withText = (program: TrialProgram, wgsl: string): TrialProgram => ({
  ...program,
  dispatches: program.dispatches.map((dispatch) => ({ ...dispatch, wgsl })),
})

type Fault = (
  runner: TrialRunner,
  args: Parameters<TrialRunner['measure']>,
  device: Device,
) => ReturnType<TrialRunner['measure']>

const never = <T>(): Promise<T> => new Promise(() => {})
const killed =
  (signal: NodeJS.Signals): Fault =>
  () => {
    process.kill(process.pid, signal)
    return never()
  }
const answering =
  (time: object): Fault =>
  () =>
    Promise.resolve({ mismatch: undefined, time: { medianMs: 1e-9, spread: 0, samplesMs: [1], ...time } })

const FAULTS: Readonly<Record<string, Fault>> = {
  kill: killed('SIGKILL'),
  segv: killed('SIGSEGV'),
  exit: () => process.exit(7),
  stuck: () => {
    for (;;);
  },
  hang: (runner, [program, ...rest]) => runner.measure(withText(program, ENDLESS), ...rest),
  lost: (runner, args, device) => {
    device.gpu.destroy()
    return runner.measure(...args)
  },
  heap: () => {
    const kept: object[] = []
    for (;;) kept.push(new Array(1000).fill(kept.length))
  },
  memory: () => Promise.reject(new GpuError('No GPU memory for 1024 bytes more')),
  invalid: (runner, [program, ...rest]) => runner.measure(withText(program, 'no shader'), ...rest),
  unbound: (runner, [program, ...rest]) => {
    const dispatches = program.dispatches.map((one) => ({ ...one, grid: [1, 1, 70_000] as const }))
    return runner.measure({ ...program, dispatches }, ...rest)
  },
  noise: () => {
    writeSync(REPLIES, Buffer.from('Segmentation fault (core dumped), so to speak\n'))
    return never()
  },
  negative: answering({ medianMs: -1 }),
  nameless: answering({ samplesMs: ['fast'] }),
}

serve((runner, device) => {
  const { TRIAL_FAULT: fault = '', TRIAL_MARK: mark = '' } = process.env
  const isMarked = (program: TrialProgram) => program.dispatches.some(({ wgsl }) => wgsl.includes(MARKED))
  const strike = () => {
    if (!fault.endsWith('once')) return true
    const first = !existsSync(mark)
    if (first) writeFileSync(mark, '')
    return first
  }
  const compile: TrialRunner['compile'] = (program, timeoutMs) => {
    if (fault === 'compile segv' && isMarked(program))
      setTimeout(() => process.kill(process.pid, 'SIGSEGV'), 10)
    if (fault === 'compile' && isMarked(program)) device.pipelines.get = never
    return runner.compile(program, timeoutMs)
  }
  const apply = FAULTS[fault.replace(' once', '')]
  return {
    compile,
    compare: (...args) => runner.compare(...args),
    answers: (...args) => runner.answers(...args),
    leastLaunch: () => runner.leastLaunch(),
    dispose: () => runner.dispose(),
    measure: (...args) =>
      apply && isMarked(args[0]) && strike() ? apply(runner, args, device) : runner.measure(...args),
  }
})
