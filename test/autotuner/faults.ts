/**
 * What goes wrong with the programs of 256 invocations, in a process for trials as in a Web Worker. Both add
 * what only they can do.
 */
import type { IsolatedRunner } from '../../src/autotuner/isolation/isolated_runner.ts'
import type { Wrap } from '../../src/autotuner/isolation/serve_trials.ts'
import type { TrialProgram } from '../../src/autotuner/trial/trial_program.ts'
import type { TrialRunner } from '../../src/autotuner/trial/trial_runner.ts'
import type { Device } from '../../src/runtime/device.ts'
import { GpuError } from '../../src/support/errors.ts'

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

const isMarked = (program: TrialProgram) => program.dispatches.some(({ wgsl }) => wgsl.includes(MARKED))

const withText = (program: TrialProgram, wgsl: string): TrialProgram => ({
  ...program,
  dispatches: program.dispatches.map((dispatch) => ({ ...dispatch, wgsl })),
})

export type Fault = (
  runner: TrialRunner,
  args: Parameters<TrialRunner['measure']>,
  device: Device,
) => ReturnType<TrialRunner['measure']>

export const never = <T>(): Promise<T> => new Promise(() => {})

const answering =
  (time: object): Fault =>
  () =>
    Promise.resolve({ mismatch: undefined, time: { medianMs: 1e-9, spread: 0, samplesMs: [1], ...time } })

const HOUR_MS = 3_600_000

/** Sets both clocks by so many milliseconds: between their first two readings, and once more later on. */
function stepClocks(ms: number): void {
  for (const clock of [performance, Date]) {
    const before = clock.now.bind(clock)
    let reads = 0
    let step = 0
    clock.now = () => {
      if (reads === 1 || reads === 64) step += ms
      reads++
      return before() + step
    }
  }
}

const stepping =
  (ms: number): Fault =>
  (runner, args) => {
    stepClocks(ms)
    return runner.measure(...args)
  }

/** What goes wrong with compilations. */
const COMPILING: Readonly<Record<string, () => unknown>> = {
  'slow compile': () => new Promise((resolve) => setTimeout(resolve, 2500)),
  'compile segv': () => never(),
  'blocking compile': () => {
    for (const end = performance.now() + 2500; performance.now() < end; );
  },
  'clocks ahead': () => stepClocks(HOUR_MS),
  'clocks back': () => stepClocks(-HOUR_MS),
}

const FAULTS: Readonly<Record<string, Fault>> = {
  'clocks ahead': stepping(HOUR_MS),
  'clocks back': stepping(-HOUR_MS),
  stuck: () => {
    for (;;);
  },
  hang: (runner, [program, expected, options]) =>
    runner.measure(withText(program, ENDLESS), expected, { ...options, timeoutMs: 1000 }),
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
  negative: answering({ medianMs: -1 }),
  nameless: answering({ samplesMs: ['fast'] }),
}

export interface Faulty {
  /** Name of what goes wrong; nothing when there is none of that name. */
  readonly fault: string
  readonly own: Readonly<Record<string, Fault>>
  /** Whether it goes wrong this time. */
  readonly strikes?: () => boolean
  readonly compiling?: () => void
}

export function faulty({ fault, own, strikes = () => true, compiling = () => {} }: Faulty): Wrap {
  const apply = { ...FAULTS, ...own }[fault]
  return (runner, device) => ({
    async compile(program, timeoutMs) {
      if (isMarked(program)) compiling()
      if (isMarked(program)) await COMPILING[fault]?.()
      const isStuck = fault === 'compile' && isMarked(program)
      if (isStuck) device.pipelines.get = never
      return await runner.compile(program, isStuck ? 1500 : timeoutMs)
    },
    compare: (...args) => runner.compare(...args),
    answers: (...args) => runner.answers(...args),
    leastLaunch: () => runner.leastLaunch(),
    dispose: () => runner.dispose(),
    measure: (...args) =>
      apply && isMarked(args[0]) && strikes() ? apply(runner, args, device) : runner.measure(...args),
  })
}

/** What nothing that works may take, on any machine. */
export const PATIENT = { autotuneBenchmarkTimeout: 600, compileTimeoutMs: 600_000 } as const
/** By how much signs of life may be late here. */
export const GRACE_MS = 1500
const SILENT_MS = 1000

/** Has the side that asks wait a second where nothing comes any more, and patiently for everything else. */
export function soonTiredOf(runner: IsolatedRunner, fault: string): IsolatedRunner {
  const measure = runner.measure.bind(runner)
  const isSilent = fault === 'stuck' || fault === 'exit'
  return Object.assign(runner, {
    measure: ((program, expected, options) => {
      const timeoutMs = isSilent && isMarked(program) ? SILENT_MS : options.timeoutMs
      return measure(program, expected, { ...options, timeoutMs })
    }) satisfies typeof measure,
  })
}
