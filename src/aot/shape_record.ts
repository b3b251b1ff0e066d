/** The record of a shape: configs that leave fields open, in the complete fields that they have there. */
import type { ChoiceRequest } from '../kernel/config_source.ts'
import { givenConfigs } from '../kernel/options.ts'
import { unlessRefused } from '../support/errors.ts'
import { completeConfig } from './fit_config.ts'
import type { ShapeRecord } from './records.ts'
import type { ShapeOfCall } from './shape.ts'

export function shapeRecord(
  { definition, bound, call, device }: ChoiceRequest,
  { hash, features }: ShapeOfCall,
): ShapeRecord {
  const spec = bound.specFor(call, device)
  const standard = unlessRefused(() => spec.defaultConfig().data)
  // One that does not fit stays as it is: measuring it says why.
  const given = givenConfigs(definition.options).map(
    ({ data }) => unlessRefused(() => completeConfig(spec, data)) ?? data,
  )
  return {
    event: 'shape',
    kernel: definition.name,
    shape_hash: hash,
    shape_features: features,
    ...(standard ? { default_config: standard } : {}),
    ...(given.length > 0 ? { configs: given } : {}),
  }
}
