/**
 * The collect phase inside the user's program: each new shape of a kernel is tuned at its first call, on
 * copies of what the kernel writes; the result is recorded before the call runs with it. Shapes that the
 * records know are not tuned again.
 */
import { formatMs } from '../../autotuner/progress.ts'
import type { Config } from '../../config/config.ts'
import type { ChoiceRequest, ConfigSource } from '../../kernel/config_source.ts'
import type { KernelDefinition } from '../../kernel/definition.ts'
import { givenConfigs } from '../../kernel/options.ts'
import { unlessRefused } from '../../support/errors.ts'
import { fitConfig } from '../fit_config.ts'
import type { TunedRecord } from '../records.ts'
import { type Met, meet, phaseSource, type ShapeWork } from '../run/phase_source.ts'
import { heuristicSource } from '../serve/heuristic_source.ts'
import { tuneShape } from './tune_shape.ts'

export function collectSource(definition: KernelDefinition): ConfigSource {
  // With configs of the author's own there is nothing to search for; all of them are measured later.
  if (givenConfigs(definition.options).length > 0)
    return registering(heuristicSource(definition, { quiet: true }))
  return phaseSource('collect', definition, tuning)
}

/** Says which kernels and shapes take part, which only the next phase does something about. */
function registering(base: ConfigSource): ConfigSource {
  const known = new Set<string>()
  const keyOf = ({ bound, call }: ChoiceRequest): string => `${bound.key} ${call.signature}`
  return {
    ready: (request) => (known.has(keyOf(request)) ? base.ready(request) : undefined),
    async prepare(request) {
      await meet('collect', request)
      known.add(keyOf(request))
      await base.prepare?.(request)
    },
  }
}

function tuning({ session, shape, request: { definition, bound, call, device } }: Met): ShapeWork {
  let untimed: Config | undefined
  const best = (): Config | undefined => {
    const known = session.known.tunedShape(definition.name, shape.hash)
    // What the records say may be of an older version of the kernel.
    return known ? unlessRefused(() => fitConfig(bound.specFor(call, device), known.config)) : untimed
  }
  return {
    unitsLeft: () => (best() ? 0 : 1),
    best,
    async run(request) {
      const { config, record } = await tuneShape(request, shape, session)
      if (record) session.append(record)
      else untimed = config
      return (seconds) => (record ? tunedText(record, seconds) : 'nothing to tune')
    },
  }
}

/** `tuned in 8.4 s: 53.5 µs, best of 34 configs, 4.1 configs/s`. */
function tunedText({ timing_ms, configs_tried }: TunedRecord, seconds: number): string {
  const rate = (configs_tried / Math.max(seconds, 0.001)).toFixed(1)
  const best = `${formatMs(timing_ms)}, best of ${configs_tried} configs`
  return `tuned in ${seconds.toFixed(1)} s: ${best}, ${rate} configs/s`
}
