/**
 * The measure phase inside the user's program: at the first call of each shape every candidate config of the
 * kernel is checked and timed on it, as far as the records do not hold it yet. Never searches. The call then
 * runs with the fastest.
 */
import type { Config } from '../../config/config.ts'
import { bindAlone } from '../../kernel/bound_kernel.ts'
import type { Choice, ChoiceRequest, ConfigSource, ExclusiveRequest } from '../../kernel/config_source.ts'
import type { KernelDefinition } from '../../kernel/definition.ts'
import { AdapterError, ConfigError, DataError, errorMessage } from '../../support/errors.ts'
import { fitConfig } from '../fit_config.ts'
import type { MeasurementRecord } from '../records.ts'
import { defaultUnlessLethal } from '../run/given_up.ts'
import { Session } from '../run/session.ts'
import { sweepSource } from '../run/sweep_source.ts'
import { heuristicSource } from '../serve/heuristic_source.ts'
import { type ShapeOfCall, shapeOf } from '../shape.ts'
import { type CandidateConfig, candidatesOf } from './candidates.ts'
import { measureShape } from './measure_shape.ts'
import { unitsLeft } from './what_is_left.ts'

export function measureSource(definition: KernelDefinition): ConfigSource {
  const { measureFn } = definition.options.own
  if (!measureFn) return new MeasureSource()
  const base = heuristicSource(definition, { quiet: true })
  const inputs = { option: 'measureFn' as const, list: measureFn }
  return sweepSource(definition, inputs, base, async (request) => {
    await announce(request)
    await measure(request)
  })
}

class MeasureSource implements ConfigSource {
  readonly #chosen = new Map<string, Choice>()

  ready({ bound, call }: ChoiceRequest): Choice | undefined {
    return this.#chosen.get(`${bound.key} ${call.signature}`)
  }

  async prepare(request: ChoiceRequest): Promise<void> {
    const { session, shape, candidates } = await announce(request)
    if (unitsLeft(session.known.measured(request.definition.name, shape.hash), candidates) > 0) return
    session.progress.finish(shape.hash, 0)
    const config = fastest(session, request, shape)
    if (config) this.#keep(request, config)
  }

  async search(request: ExclusiveRequest): Promise<Choice | undefined> {
    const config = await measure(request)
    return config && this.#keep(request, config)
  }

  #keep({ bound, call }: ChoiceRequest, config: Config): Choice {
    const choice: Choice = { config, holdsFor: 'signature' }
    this.#chosen.set(`${bound.key} ${call.signature}`, choice)
    return choice
  }
}

interface Work {
  readonly session: Session
  readonly shape: ShapeOfCall
  readonly candidates: readonly CandidateConfig[]
}

/** Rejects with DataError when no configs are known. */
async function announce(request: ChoiceRequest): Promise<Work> {
  const { definition, device } = request
  const session = await Session.of('measure', definition, device)
  const isNew = await session.register(definition)
  const { name } = definition
  const shape = shapeOf(definition, request.call)
  const candidates = candidatesOf(session.known, session.meet(request, shape))
  const expect = (shapeHash: string): void => {
    const units = unitsLeft(session.known.measured(name, shapeHash), candidates)
    if (units > 0) session.progress.announce(shapeHash, units)
  }
  // What was tuned will most likely be measured.
  if (isNew) for (const { shape_hash } of session.known.tuned(name)) expect(shape_hash)
  expect(shape.hash)
  return { session, shape, candidates }
}

async function measure(request: ExclusiveRequest): Promise<Config | undefined> {
  const { definition, bound, call } = request
  const { session, shape, candidates } = await announce(request)
  const units = unitsLeft(session.known.measured(definition.name, shape.hash), candidates)
  if (units > 0) {
    session.progress.begin()
    const name = `${definition.name} ${shape.text}`
    try {
      const own = bindAlone(definition, call, bound.self)
      await measureShape({ ...request, bound: own }, shape, candidates, session)
      const seconds = session.progress.finish(shape.hash, units)
      session.say(`${name}: ${units} configs in ${seconds.toFixed(1)} s; ${session.progress.text}`)
    } catch (error) {
      if (error instanceof AdapterError) throw error
      fail(session, definition, shape, name, error)
    }
  }
  return fastest(session, request, shape)
}

function fail(
  session: Session,
  definition: KernelDefinition,
  shape: ShapeOfCall,
  name: string,
  error: unknown,
): void {
  const reason = errorMessage(error)
  session.append({
    event: 'failure',
    phase: 'measure',
    kernel: definition.name,
    shape_hash: shape.hash,
    shape_features: shape.features,
    reason,
  })
  session.progress.finish(shape.hash, 1)
  session.log.warning(`helion-aot measure: ${name}: failed: ${reason}`)
}

/** The fastest measured config that fits, or the default, unless configs ended the process. */
function fastest(session: Session, request: ChoiceRequest, shape: ShapeOfCall): Config | undefined {
  const { definition, bound, call, device } = request
  const spec = bound.specFor(call, device)
  const time = ({ timing_ms }: MeasurementRecord) => timing_ms ?? Number.POSITIVE_INFINITY
  const ranked = [...session.known.measured(definition.name, shape.hash).values()]
    .filter(({ status }) => status === 'ok')
    .sort((a, b) => time(a) - time(b))
  for (const { config } of ranked) {
    try {
      return fitConfig(spec, config)
    } catch (error) {
      if (!(error instanceof ConfigError || error instanceof DataError)) throw error
    }
  }
  return defaultUnlessLethal(session, request, shape)
}
