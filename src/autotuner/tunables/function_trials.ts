/**
 * Functions made of configs, and what tries them: they are called as a program would call them, so their
 * answers go where they put them. What they launch on the GPU is timed.
 */
import type { Config } from '../../config/config.ts'
import type { Stream } from '../../runtime/stream.ts'
import { DeviceTensor } from '../../runtime/tensor/tensor.ts'
import { doBenchTogether } from '../../runtime/timing/do_bench.ts'
import { withTimeout } from '../../runtime/timing/timing.ts'
import { userCode } from '../../support/call_site.ts'
import { HelionError, UsageError } from '../../support/errors.ts'
import { type Expected, findMismatch } from '../trial/accuracy.ts'
import type { AnyProgram, ProgramSource } from '../trial/program_source.ts'
import type {
  CompareOptions,
  TrialOptions,
  TrialOutcome,
  TrialRunner,
  TrialTime,
} from '../trial/trial_runner.ts'
import type { TunableParts } from './tunable_parts.ts'
import { expectations, valuesOf } from './wgsl_programs.ts'

interface FunctionProgram extends AnyProgram {
  readonly call: () => unknown
}

const TARGET_MS = 50
const MAX_SAMPLES = 100

export class FunctionTrials implements ProgramSource<FunctionProgram>, TrialRunner<FunctionProgram> {
  readonly #parts: TunableParts
  readonly #stream: Stream
  #expected: Promise<readonly Expected[]> | undefined

  constructor(parts: TunableParts, stream: Stream) {
    this.#parts = parts
    this.#stream = stream
  }

  filtered(config: Config): Config {
    return config
  }

  async programOf(config: Config): Promise<FunctionProgram> {
    const { name, call, compiled } = this.#parts
    const made = await compiled(config)
    if (typeof made !== 'function')
      throw new UsageError(`compile of ${name} returned a function for one config and WGSL for another`)
    return { hash: config.hash, call: () => made(...(call.values as never[])) }
  }

  /** What is given, else what the first config answers. */
  expected(): Promise<readonly Expected[]> {
    this.#expected ??= (async () => {
      const outputs = await this.#run(await this.programOf(this.#parts.space.defaultConfig()))
      const given = await this.#parts.expected()
      const own = outputs.map(({ tensor, bytes }) => valuesOf(bytes, tensor))
      const tensors = outputs.map(({ tensor }) => tensor)
      return expectations(given ?? own, tensors, (index) => `result ${index}`)
    })()
    return this.#expected
  }

  familyOf({ hash }: Config): string {
    return hash
  }

  open(): Promise<TrialRunner<FunctionProgram>> {
    return Promise.resolve(this)
  }

  compile(): Promise<number> {
    return Promise.resolve(0)
  }

  async measure(
    program: FunctionProgram,
    expected: readonly Expected[],
    { timeoutMs, bestMs, tolerance }: TrialOptions,
  ): Promise<TrialOutcome> {
    const outputs = await withTimeout(this.#run(program), timeoutMs, `running ${this.#parts.name}`)
    for (const one of expected) {
      const bytes = outputs[one.tensor]?.bytes
      const mismatch = bytes ? findMismatch(one, bytes, tolerance) : `there is no ${one.name}`
      if (mismatch !== undefined) return { time: undefined, mismatch }
    }
    const options = { targetMs: TARGET_MS, maxSamples: MAX_SAMPLES, timeoutMs, rivalMs: bestMs }
    const [time] = await doBenchTogether([program.call], options)
    return time ? { time, mismatch: undefined } : { time: undefined, mismatch: 'it was not timed' }
  }

  compare(programs: readonly FunctionProgram[], options: CompareOptions): Promise<readonly TrialTime[]> {
    return doBenchTogether(
      programs.map(({ call }) => call),
      options,
    )
  }

  async answers(program: FunctionProgram): Promise<ReadonlyMap<number, ArrayBuffer>> {
    return new Map((await this.#run(program)).map(({ bytes }, index) => [index, bytes]))
  }

  /** A function may do anything: there is no least thing to compare it with. */
  leastLaunch(): Promise<TrialTime> {
    return Promise.reject(new HelionError('functions have no least launch'))
  }

  dispose(): void {}

  /** What a call returns; tensors that it made are disposed of. */
  async #run({ call }: FunctionProgram): Promise<readonly { tensor: DeviceTensor; bytes: ArrayBuffer }[]> {
    const returned = await userCode(call)
    const list: readonly unknown[] = Array.isArray(returned) ? returned : [returned]
    const tensors = list.filter((one) => one instanceof DeviceTensor)
    const outputs = await Promise.all(
      tensors.map(async (tensor) => ({ tensor, bytes: await this.#stream.read(tensor.storage) })),
    )
    const { values } = this.#parts.call
    for (const tensor of tensors) if (!values.includes(tensor)) tensor.dispose()
    return outputs
  }
}
