/**
 * The source of a phase that works on shapes (collect, measure), inside the user's program: the first call of
 * each shape waits until what the records lack of it is done, and runs with the best that they then know.
 * Where the author lists inputs (`collectFn`, `measureFn`) those are worked on instead, behind the calls.
 */
import type { Config } from '../../config/config.ts'
import { bindAlone } from '../../kernel/bound_kernel.ts'
import type { Choice, ChoiceRequest, ConfigSource, ExclusiveRequest } from '../../kernel/config_source.ts'
import type { KernelDefinition } from '../../kernel/definition.ts'
import { AdapterError, errorMessage } from '../../support/errors.ts'
import type { ShapeRecord } from '../records.ts'
import { heuristicSource } from '../serve/heuristic_source.ts'
import { type ShapeOfCall, shapeOf } from '../shape.ts'
import { defaultUnlessLethal } from './given_up.ts'
import type { WorkPhase } from './run_folder.ts'
import { Session } from './session.ts'
import { sweepSource } from './sweep_source.ts'

/** A call whose kernel and shape the records know. */
export interface Met {
  readonly request: ChoiceRequest
  readonly session: Session
  readonly shape: ShapeOfCall
  readonly record: ShapeRecord
  /** The first shape of its kernel. */
  readonly isFirst: boolean
}

/** What a phase has to do with a shape. */
export interface ShapeWork {
  /** What the records lack, in units of the progress report. */
  unitsLeft(): number
  /** Does it; what came of it, in words. Rejects with AdapterError when the device is lost. */
  run(request: ExclusiveRequest): Promise<(seconds: number) => string>
  /** The best config that the records hold. */
  best(): Config | undefined
}

/** Makes the kernel and the shape of a call known to the records of a phase. */
export async function meet(phase: WorkPhase, request: ChoiceRequest): Promise<Met> {
  const { definition, device, call } = request
  const session = await Session.of(phase, definition, device)
  const isFirst = await session.register(definition)
  const shape = shapeOf(definition, call)
  return { request, session, shape, record: session.meet(request, shape), isFirst }
}

/** The source of a phase, by what it does with a shape. */
export function phaseSource(
  phase: 'collect' | 'measure',
  definition: KernelDefinition,
  workOn: (met: Met) => ShapeWork,
): ConfigSource {
  const option = `${phase}Fn` as const
  const list = definition.options.own[option]
  const source = new PhaseSource(phase, workOn)
  if (!list) return source
  const base = heuristicSource(definition, { quiet: true })
  return sweepSource(definition, { option, list }, base, (request) => source.search(request))
}

class PhaseSource implements ConfigSource {
  readonly #phase: WorkPhase
  readonly #workOn: (met: Met) => ShapeWork
  /** By binding and exact shapes. */
  readonly #chosen = new Map<string, Choice>()

  constructor(phase: WorkPhase, workOn: (met: Met) => ShapeWork) {
    this.#phase = phase
    this.#workOn = workOn
  }

  ready({ bound, call }: ChoiceRequest): Choice | undefined {
    return this.#chosen.get(`${bound.key} ${call.signature}`)
  }

  async prepare(request: ChoiceRequest): Promise<void> {
    const { met, work } = await this.#announce(request)
    if (work.unitsLeft() > 0) return
    met.session.progress.finish(met.shape.hash, 0)
    this.#choose(met, work)
  }

  async search(request: ExclusiveRequest): Promise<Choice | undefined> {
    const { met, work } = await this.#announce(request)
    const units = work.unitsLeft()
    if (units > 0) await finish(met, units, work, request)
    return this.#choose(met, work)
  }

  /** Makes the work on a shape known to the progress report. */
  async #announce(request: ChoiceRequest): Promise<{ readonly met: Met; readonly work: ShapeWork }> {
    const met = await meet(this.#phase, request)
    const work = this.#workOn(met)
    const units = work.unitsLeft()
    if (units > 0) met.session.progress.announce(met.shape.hash, units)
    return { met, work }
  }

  /** Where nothing is known of a shape the default serves, unless configs ended the process. */
  #choose({ session, request, shape }: Met, work: ShapeWork): Choice | undefined {
    const config = work.best() ?? defaultUnlessLethal(session, request, shape)
    if (!config) return undefined
    const choice: Choice = { config, holdsFor: 'signature' }
    this.#chosen.set(`${request.bound.key} ${request.call.signature}`, choice)
    return choice
  }
}

/** Does the work on a shape; what goes wrong with it is recorded and said. */
async function finish(
  { session, shape }: Met,
  units: number,
  work: ShapeWork,
  request: ExclusiveRequest,
): Promise<void> {
  const { definition, bound, call } = request
  const { phase, progress } = session
  const name = `${definition.name} ${shape.text}`
  progress.begin()
  try {
    const told = await work.run({ ...request, bound: bindAlone(definition, call, bound.self) })
    const seconds = progress.finish(shape.hash, units)
    session.say(`${name}: ${told(seconds)}; ${progress.text}`)
  } catch (error) {
    if (error instanceof AdapterError) throw error
    const reason = errorMessage(error)
    const { hash: shape_hash, features: shape_features } = shape
    session.append({
      event: 'failure',
      phase,
      kernel: definition.name,
      shape_hash,
      shape_features,
      reason,
    })
    progress.finish(shape.hash, 1)
    session.log.warning(`helion-aot ${phase}: ${name}: failed: ${reason}`)
  }
}
