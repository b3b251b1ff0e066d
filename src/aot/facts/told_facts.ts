/**
 * What the compiler says of a config on a shape, as records and CSV files hold it: counts as formulas of the
 * shape's features, or numbers where they are the same for all shapes, and the limits beyond which a launch
 * is refused. Facts are optional everywhere; what is no such fact is a LineError.
 */
import { parseArgumentFeature } from '../../heuristics/feature_names.ts'
import { show } from '../../support/json.ts'
import { checkObject, LineError } from '../line_checks.ts'
import { constantFormula, type Formula, parseFormula } from './formula.ts'

/** Counts that follow from sizes; see `KernelFacts` in codegen/facts.ts. */
const COUNTS = ['workgroups', 'rounds', 'outputs', 'computed', 'needed', 'bytes', 'operations'] as const
const NUMBERS = ['dispatches', 'threads', 'registers', 'workgroup_bytes'] as const

export type CountName = (typeof COUNTS)[number]
export type NumberName = (typeof NUMBERS)[number]

/** As written. `limits`: formula to the most that a launch may need. */
export type ToldFacts = Partial<Readonly<Record<CountName, string | number>>> &
  Partial<Readonly<Record<NumberName, number>>> & { readonly limits?: Readonly<Record<string, number>> }

/** The same, read. */
export interface ConfigFacts {
  readonly counts: Partial<Readonly<Record<CountName, Formula>>>
  readonly numbers: Partial<Readonly<Record<NumberName, number>>>
  readonly limits: readonly { readonly needs: Formula; readonly most: number }[]
}

const MOST_LIMITS = 100

/** Throws LineError for anything but facts. */
export function checkFacts(value: unknown): ToldFacts {
  readFacts(checkObject(value, 'facts') as ToldFacts)
  return value as ToldFacts
}

/** Throws LineError. */
export function readFacts(told: ToldFacts): ConfigFacts {
  const counts: Partial<Record<CountName, Formula>> = {}
  const numbers: Partial<Record<NumberName, number>> = {}
  const limits: { needs: Formula; most: number }[] = []
  for (const [name, value] of Object.entries(told)) {
    const count = COUNTS.find((each) => each === name)
    const number = NUMBERS.find((each) => each === name)
    if (count) counts[count] = formulaOf(value, name)
    else if (number) numbers[number] = wholeNumber(value, name)
    else if (name === 'limits') limits.push(...limitsOf(value))
    else throw new LineError('bad value', `facts have no ${show(name)}`)
  }
  return { counts, numbers, limits }
}

function limitsOf(value: unknown): readonly { readonly needs: Formula; readonly most: number }[] {
  const entries = Object.entries(checkObject(value, 'limits'))
  if (entries.length > MOST_LIMITS)
    throw new LineError('bad value', `limits are ${entries.length}, more than ${MOST_LIMITS}`)
  return entries.map(([needs, most]) => ({
    needs: formulaOf(needs, 'a limit'),
    most: wholeNumber(most, 'a limit'),
  }))
}

function formulaOf(value: unknown, what: string): Formula {
  return typeof value === 'string'
    ? parseFormula(value, (name) => parseArgumentFeature(name)?.what === 'dim')
    : constantFormula(wholeNumber(value, what))
}

function wholeNumber(value: unknown, what: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
  throw new LineError('bad value', `${what} among the facts is ${show(value)}, not a whole number`)
}
