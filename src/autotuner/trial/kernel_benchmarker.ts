/**
 * The Benchmarker over a real kernel: its configs are compiled to programs, which run on poisoned memory and
 * are compared with the reference.
 */
import type { Config } from '../../config/config.ts'
import type { ConfigSpec } from '../../config/config_spec.ts'
import type { BoundKernel } from '../../kernel/bound_kernel.ts'
import type { CallArguments } from '../../kernel/call_arguments.ts'
import { planLaunch } from '../../kernel/launch_plan.ts'
import type { Device } from '../../runtime/device.ts'
import type { Stream } from '../../runtime/stream.ts'
import type { Log } from '../../support/log.ts'
import type { Settings } from '../../support/settings.ts'
import { Budget } from '../budget.ts'
import { compileInThreads } from '../codegen_threads.ts'
import { openRunner } from '../isolation/open_runner.ts'
import type { Measurement } from './benchmarker.ts'
import { familyOf } from './families.ts'
import { freshCall } from './fresh_call.ts'
import { kernelWrites } from './kernel_writes.ts'
import { ProgramBenchmarker } from './program_benchmarker.ts'
import type { Answers, ProgramSource } from './program_source.ts'
import { Reference, type ReferenceLimits } from './reference.ts'
import { type TrialProgram, trialProgram, trialSubject } from './trial_program.ts'
import type { OpenRunner } from './trial_runner.ts'

export interface KernelTrial {
  readonly bound: BoundKernel
  readonly spec: ConfigSpec
  readonly call: CallArguments
  readonly device: Device
  /** Has the device for itself. */
  readonly stream: Stream
  readonly settings: Settings
  readonly log: Log
  readonly limits?: ReferenceLimits
  /** What runs the programs, opened at the first measurement; by the settings when absent. */
  readonly openRunner?: OpenRunner
}

export class KernelBenchmarker extends ProgramBenchmarker {
  readonly #trial: KernelTrial

  constructor(trial: KernelTrial) {
    super({ ...trial, source: kernelPrograms(trial) })
    this.#trial = trial
  }

  /** Inputs on which the default config is wrong, too, say nothing. */
  async recheck(config: Config): Promise<Measurement | undefined> {
    const { call, stream, spec, settings } = this.#trial
    const standard = spec.defaultConfig()
    if (!settings.autotuneAccuracyCheck || config.equals(standard)) return undefined
    const fresh = await freshCall(call, stream)
    if (!fresh) return undefined
    const other = new KernelBenchmarker({ ...this.#trial, call: fresh.call })
    try {
      const compileTimeoutMs = settings.autotuneCompileTimeout * 1000
      const budget = new Budget({ seconds: null })
      const results = await other.measure([standard, config], { budget, compileTimeoutMs })
      const [usual, result] = results
      if (usual?.status !== 'ok' || result?.status !== 'wrong') return undefined
      return { ...result, reason: `on other inputs: ${result.reason}` }
    } finally {
      other.dispose()
      fresh.dispose()
    }
  }
}

function kernelPrograms(trial: KernelTrial): ProgramSource<TrialProgram> {
  const { bound, spec, call, device, stream, settings, log, openRunner: open = openRunner } = trial
  const writes = kernelWrites(bound.ir)
  const { configFilter } = bound.definition.options.own
  // Software adapters need the processor themselves.
  const elsewhere = () =>
    settings.autotuneBenchmarkSubprocess && !device.info.software ? compileInThreads() : undefined
  const programOf: ProgramSource<TrialProgram>['programOf'] = async (config) => {
    const compile = elsewhere()
    if (compile) await bound.compileAhead(config, device, call, compile)
    return trialProgram(planLaunch(bound.compile(config, device, call), call, device), call.scalars)
  }
  let reference: Reference | undefined
  const referenceWith = (answers: Answers<TrialProgram>) =>
    new Reference({
      ...trial,
      writes,
      runDefault: (places) => answers(() => programOf(spec.defaultConfig()), places),
    })
  return {
    programOf,
    familyOf,
    filtered(config) {
      const kept = configFilter ? configFilter(config) : config
      return kept && spec.normalize(kept, 'strict')
    },
    expected(config, answers) {
      reference ??= referenceWith(answers)
      return reference.expected(config)
    },
    open: (onHanded) => {
      // They start meanwhile.
      elsewhere()
      const parts = trialSubject(bound.ir, writes, call, settings.autotuneFlushCache)
      return open({ device, stream, settings, log, onHanded, ...parts })
    },
  }
}
