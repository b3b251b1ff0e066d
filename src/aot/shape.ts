/**
 * The shape of a call: what collect, measure and the generated modules tell calls apart by. Two calls with
 * equal features are one shape, tuned and measured once.
 */
import { extractFeatures, type Features, flattenKey, keyFeatures } from '../heuristics/features.ts'
import { type CallArguments, describeCall } from '../kernel/call_arguments.ts'
import type { KernelDefinition } from '../kernel/definition.ts'
import { sha16 } from '../support/stable.ts'

export interface ShapeOfCall {
  readonly hash: string
  readonly features: Features
  /** For people: `f32[4096,1024], 0.5`. */
  readonly text: string
}

export function shapeOf({ name, options }: KernelDefinition, call: CallArguments): ShapeOfCall {
  const { key, batched } = options.own
  const features = key
    ? keyFeatures(key(...(call.values as never[])))
    : extractFeatures(call.values, { batched })
  return { hash: sha16([name, features]), features, text: describeCall(call) }
}

/** What a generated module takes: the arguments, or the flattened values of the kernel's `key`. */
export function moduleArguments({ options }: KernelDefinition, call: CallArguments): readonly unknown[] {
  const { key } = options.own
  return key ? flattenKey(key(...(call.values as never[]))) : call.values
}
