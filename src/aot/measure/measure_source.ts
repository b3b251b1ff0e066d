/**
 * The measure phase inside the user's program: at the first call of each shape every candidate config of the
 * kernel is checked and timed on it, as far as the records do not hold it yet. Never searches. The call then
 * runs with the fastest.
 */
import type { Config } from '../../config/config.ts'
import type { ConfigSource } from '../../kernel/config_source.ts'
import type { KernelDefinition } from '../../kernel/definition.ts'
import { unlessRefused } from '../../support/errors.ts'
import { fitConfig } from '../fit_config.ts'
import type { MeasurementRecord } from '../records.ts'
import { type Met, phaseSource, type ShapeWork } from '../run/phase_source.ts'
import { candidatesOf } from './candidates.ts'
import { densify, type Spent } from './densify.ts'
import { measureShape } from './measure_shape.ts'
import { unitsLeft } from './what_is_left.ts'

export function measureSource(definition: KernelDefinition): ConfigSource {
  const spent = { seconds: 0, shapes: 0 }
  return phaseSource('measure', definition, (met) => measuring(met, spent))
}

/** Throws DataError when no configs are known. */
function measuring(met: Met, spent: Spent): ShapeWork {
  const { session, shape, record, isFirst, request } = met
  const { known, progress } = session
  const { kernel } = record
  const candidates = candidatesOf(known, record, request.definition.options.settings.aotCandidates)
  const leftOf = (shapeHash: string) => unitsLeft(known.measured(kernel, shapeHash), candidates)
  // What was tuned will most likely be measured.
  for (const { shape_hash } of isFirst ? known.tuned(kernel) : []) {
    const units = leftOf(shape_hash)
    if (units > 0) progress.announce(shape_hash, units)
  }
  return {
    unitsLeft: () => leftOf(shape.hash),
    best: () => fastest(met),
    async run(request) {
      const units = leftOf(shape.hash)
      const began = performance.now()
      await measureShape(request, shape, candidates, session)
      const seconds = (performance.now() - began) / 1000
      const further = await densify({ request, session, shape, candidates, seconds, spent })
      const more = further === 0 ? '' : ` and ${further} further shape${further === 1 ? '' : 's'}`
      return (all) => `${units} configs${more} in ${all.toFixed(1)} s`
    },
  }
}

/** The fastest measured config that still fits. */
function fastest({ session, shape, request: { definition, bound, call, device } }: Met): Config | undefined {
  const spec = bound.specFor(call, device)
  const time = ({ timing_ms }: MeasurementRecord) => timing_ms ?? Number.POSITIVE_INFINITY
  const ranked = [...session.known.measured(definition.name, shape.hash).values()]
    .filter(({ status }) => status === 'ok')
    .sort((a, b) => time(a) - time(b))
  for (const { config } of ranked) {
    const fitted = unlessRefused(() => fitConfig(spec, config))
    if (fitted) return fitted
  }
  return undefined
}
