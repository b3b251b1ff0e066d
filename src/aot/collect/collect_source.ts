/**
 * The collect phase inside the user's program: each new shape of a kernel is tuned at its first call, on
 * copies of what the kernel writes; the result is recorded before the call runs with it. Shapes that the
 * records know are not tuned again.
 */
import { formatMs } from '../../autotuner/progress.ts'
import type { Config } from '../../config/config.ts'
import { bindAlone } from '../../kernel/bound_kernel.ts'
import type { Choice, ChoiceRequest, ConfigSource, ExclusiveRequest } from '../../kernel/config_source.ts'
import type { KernelDefinition } from '../../kernel/definition.ts'
import { givenConfigs } from '../../kernel/options.ts'
import { AdapterError, ConfigError, errorMessage } from '../../support/errors.ts'
import { fitConfig } from '../fit_config.ts'
import type { TunedRecord } from '../records.ts'
import { defaultUnlessLethal } from '../run/given_up.ts'
import { Session } from '../run/session.ts'
import { sweepSource } from '../run/sweep_source.ts'
import { heuristicSource } from '../serve/heuristic_source.ts'
import { type ShapeOfCall, shapeOf } from '../shape.ts'
import { tuneShape } from './tune_shape.ts'

export function collectSource(definition: KernelDefinition): ConfigSource {
  const { collectFn } = definition.options.own
  const base = heuristicSource(definition, { quiet: true })
  // With configs of the author's own there is nothing to search for; all of them are measured later.
  if (givenConfigs(definition.options).length > 0) return registering(base)
  if (!collectFn) return new CollectSource()
  const inputs = { option: 'collectFn' as const, list: collectFn }
  return sweepSource(definition, inputs, base, async (request) => {
    const shape = await announce(request)
    await collect(request, shape)
  })
}

class CollectSource implements ConfigSource {
  /** By binding and exact shapes. */
  readonly #chosen = new Map<string, Choice>()

  ready({ bound, call }: ChoiceRequest): Choice | undefined {
    return this.#chosen.get(`${bound.key} ${call.signature}`)
  }

  async prepare(request: ChoiceRequest): Promise<void> {
    const { hash } = await announce(request)
    const known = recorded(await Session.of('collect', request.definition, request.device), request, hash)
    if (known) this.#keep(request, known)
  }

  async search(request: ExclusiveRequest): Promise<Choice | undefined> {
    const config = await collect(request, shapeOf(request.definition, request.call))
    return config && this.#keep(request, config)
  }

  #keep({ bound, call }: ChoiceRequest, config: Config): Choice {
    const choice: Choice = { config, holdsFor: 'signature' }
    this.#chosen.set(`${bound.key} ${call.signature}`, choice)
    return choice
  }
}

/** Says which kernels and shapes take part, which only the next phase does something about. */
function registering(base: ConfigSource): ConfigSource {
  const met = new Set<string>()
  const keyOf = ({ bound, call }: ChoiceRequest): string => `${bound.key} ${call.signature}`
  return {
    ready: (request) => (met.has(keyOf(request)) ? base.ready(request) : undefined),
    async prepare(request) {
      await meet(request)
      met.add(keyOf(request))
      await base.prepare?.(request)
    },
  }
}

/** Makes the shape of a call known to the progress report. */
async function announce(request: ChoiceRequest): Promise<ShapeOfCall> {
  const { session, shape } = await meet(request)
  session.progress.announce(shape.hash)
  return shape
}

/** Makes the kernel and the shape of a call known to the records. */
async function meet(request: ChoiceRequest): Promise<{ session: Session; shape: ShapeOfCall }> {
  const { definition, device, call } = request
  const session = await Session.of('collect', definition, device)
  await session.register(definition)
  const shape = shapeOf(definition, call)
  session.meet(request, shape)
  return { session, shape }
}

/**
 * The config for a shape: recorded, or found now. When tuning fails the default config serves, unless configs
 * ended the process.
 */
async function collect(request: ExclusiveRequest, shape: ShapeOfCall): Promise<Config | undefined> {
  const { definition, bound, call, device } = request
  const session = await Session.of('collect', definition, device)
  const known = recorded(session, request, shape.hash)
  if (known) return known
  session.progress.announce(shape.hash)
  session.progress.begin()
  const name = `${definition.name} ${shape.text}`
  try {
    const own = bindAlone(definition, call, bound.self)
    const { config, record } = await tuneShape({ ...request, bound: own }, shape, session)
    if (record) session.append(record)
    const seconds = session.progress.finish(shape.hash, 1)
    session.say(
      `${name}: ${record ? tunedText(record, seconds) : 'nothing to tune'}; ${session.progress.text}`,
    )
    return config
  } catch (error) {
    if (error instanceof AdapterError) throw error
    const reason = errorMessage(error)
    const { hash: shape_hash, features: shape_features } = shape
    session.append({
      event: 'failure',
      phase: 'collect',
      kernel: definition.name,
      shape_hash,
      shape_features,
      reason,
    })
    session.progress.finish(shape.hash, 1)
    session.log.warning(`helion-aot collect: ${name}: failed: ${reason}`)
    return defaultUnlessLethal(session, request, shape)
  }
}

/** `tuned in 8.4 s: 53.5 µs, best of 34 configs, 4.1 configs/s`. */
function tunedText({ timing_ms, configs_tried }: TunedRecord, seconds: number): string {
  const rate = (configs_tried / Math.max(seconds, 0.001)).toFixed(1)
  const best = `${formatMs(timing_ms)}, best of ${configs_tried} configs`
  return `tuned in ${seconds.toFixed(1)} s: ${best}, ${rate} configs/s`
}

/** What the records say of a shape, if it still fits. */
function recorded(
  session: Session,
  { definition, bound, call, device }: ChoiceRequest,
  hash: string,
): Config | undefined {
  const known = session.known.tunedShape(definition.name, hash)
  if (!known) return undefined
  try {
    const config = fitConfig(bound.specFor(call, device), known.config)
    session.progress.finish(hash, 0)
    return config
  } catch (error) {
    if (error instanceof ConfigError) return undefined
    throw error
  }
}
