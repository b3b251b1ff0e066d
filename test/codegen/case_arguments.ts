/** Arguments, those of the shared kernels among them, as tracing and interpreting without a GPU take them. */
import { CASES, type CaseName } from '../gpu/cases.ts'
import { type Input, isTensorInput } from '../gpu/inputs.ts'
import type { Argument } from '../language/harness.ts'

export function argumentsOf(name: CaseName): readonly Argument[] {
  return CASES[name].inputs().map(argumentOf)
}

export function argumentOf(input: Input): Argument {
  if (typeof input !== 'object') return input
  if (isTensorInput(input)) return { ...input, dynamic: undefined }
  if (Array.isArray(input)) return input.map(argumentOf)
  return Object.fromEntries(Object.entries(input).map(([key, item]) => [key, argumentOf(item)]))
}
