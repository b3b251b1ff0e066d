/**
 * Checks of what stands in lines of records and of CSV files. Lines come from other machines and other tools,
 * torn or made up; what passes here is safe to compute with, to name things by and to write into code. What
 * does not is a `LineError`: that line is left out, and nothing else.
 */
import { type ConfigData, toConfigValue } from '../config/value.ts'
import { parseArgumentFeature, parseKeyFeature } from '../heuristics/feature_names.ts'
import {
  type BatchedSpec,
  FEATURE_LIMITS,
  type Features,
  type FeatureValue,
  isFeatureValue,
} from '../heuristics/features.ts'
import { errorMessage } from '../support/errors.ts'
import { parseJson, show } from '../support/json.ts'

/** A line that was left out. `line` counts from 1. */
export interface LineProblem {
  readonly file: string
  readonly line: number
  readonly kind: 'torn' | 'duplicate' | 'foreign' | 'bad time' | 'bad value'
  readonly reason: string
}

/** Why a line was refused; thrown by the checks and caught by the readers. */
export class LineError extends Error {
  readonly kind: LineProblem['kind']
  constructor(kind: LineProblem['kind'], reason: string) {
    super(reason)
    this.kind = kind
  }
}

/** Limits far beyond what is meant, and far from what overflows, hangs or cannot be written as code. */
const LIMITS = {
  /** Characters of a line. */
  line: 1_000_000,
  /** Characters of a name. */
  text: FEATURE_LIMITS.characters,
  /** Characters of a path: no system has longer ones. */
  path: 32_768,
  /** Features of a shape, fields of a config. */
  fields: 500,
  /** Values in a config, those of its lists included. */
  values: 2000,
  depth: 8,
  /** Arguments of a kernel, and dimensions of one. */
  positions: 100,
  /** Milliseconds: a millionth of a nanosecond, and thirty years. */
  time: [1e-9, 1e12],
  weight: 1e9,
} as const

/** Turns a LineError into a LineProblem; anything else is a bug and flies. */
export function toProblem(error: unknown, file: string, line: number): LineProblem {
  if (!(error instanceof LineError)) throw error
  return { file, line, kind: error.kind, reason: error.message }
}

/** "file:line: kind: reason", as printed. */
export function formatProblem(problem: LineProblem): string {
  return `${problem.file}:${problem.line}: ${problem.kind}: ${problem.reason}`
}

/** So many lines that were left out are named; a file may have a hundred thousand of them. */
const MOST_NAMED = 20

/** What is said of lines that were left out. */
export function leftOut(problems: readonly LineProblem[]): readonly string[] {
  const named = problems.slice(0, MOST_NAMED).map((problem) => `left out: ${formatProblem(problem)}`)
  const rest = problems.length - named.length
  return rest > 0 ? [...named, `left out: ${rest} more ${rest === 1 ? 'line' : 'lines'}`] : named
}

/** A line of a length that can be read. */
export function checkLine(text: string): string {
  if (text.length <= LIMITS.line) return text
  throw new LineError('bad value', `more than ${LIMITS.line} characters in one line`)
}

/** A positive number of milliseconds. */
export function checkTime(value: unknown): number {
  const [least, most] = LIMITS.time
  if (typeof value !== 'number' || !Number.isFinite(value) || value <= 0)
    throw new LineError('bad time', `a time must be a positive number of milliseconds, got ${show(value)}`)
  if (value >= least && value <= most) return value
  throw new LineError('bad time', `a time must be between ${least} and ${most} ms, got ${show(value)}`)
}

/** Plain config data. */
export function checkConfig(value: unknown): ConfigData {
  const fields = checkFields(value, 'config')
  checkExtent(value, 'config')
  try {
    return Object.fromEntries(fields.map(([name, entry]) => [name, toConfigValue(entry, name)]))
  } catch (error) {
    throw new LineError('bad value', errorMessage(error).split('\n')[0] ?? '')
  }
}

/** Numbers and strings; booleans become 0 or 1; null means absent. */
export function checkFeatures(value: unknown): Features {
  const entries: [string, FeatureValue][] = []
  for (const [name, entry] of checkFields(value, 'shape_features')) {
    checkPosition(name)
    if (entry === null) continue
    if (typeof entry === 'boolean') entries.push([name, Number(entry)])
    else if (typeof entry === 'number') entries.push([name, checkNumber(entry, `feature ${name}`)])
    else if (isFeatureValue(entry)) entries.push([name, entry])
    else throw new LineError('bad value', `feature ${name} is ${show(entry)}, not a number or text`)
  }
  return Object.fromEntries(entries)
}

/** JSON of one line or cell. */
export function jsonIn(text: string, what: string): unknown {
  try {
    return parseJson(text)
  } catch (error) {
    throw new LineError('torn', `${what} is not JSON (${errorMessage(error).slice(0, 200)})`)
  }
}

export function checkName(value: unknown, what: string): string {
  return checkText(value, what, 'name', LIMITS.text)
}

export function checkPath(value: unknown, what: string): string {
  return checkText(value, what, 'path', LIMITS.path)
}

function checkText(value: unknown, what: string, kind: string, most: number): string {
  if (typeof value === 'string' && value !== '' && value !== '__proto__' && value.length <= most) return value
  throw new LineError('bad value', `${what} is ${show(value)}, not a ${kind}`)
}

/** A name that becomes part of names of files. */
export function checkFilePart(value: unknown, what: string): string {
  const name = checkName(value, what)
  if (/^[\w.+-]+$/.test(name) && !name.includes('..')) return name
  throw new LineError('bad value', `${what} is ${show(value)}, not letters, digits, \`_\`, \`.\` and \`-\``)
}

/** A device family, as in the names of modules. */
export function checkFamily(value: unknown, what: string): string {
  const name = checkName(value, what)
  if (/^[a-z0-9_]+$/.test(name)) return name
  throw new LineError('bad value', `${what} is ${show(value)}, not small letters, digits and \`_\``)
}

/** `what` names the weight. */
export function checkWeight(value: unknown, what: string): number {
  if (typeof value === 'number' && value >= 0 && value <= LIMITS.weight) return value
  throw new LineError('bad value', `${what} is ${show(value)}, not a number from 0 to ${LIMITS.weight}`)
}

export function checkTexts(value: unknown, what: string): Readonly<Record<string, string>> {
  const entries = checkFields(value ?? {}, what)
  return Object.fromEntries(
    entries.map(([name, entry]) => [name, typeof entry === 'string' ? entry : show(entry)]),
  )
}

export function checkBatched(value: unknown): BatchedSpec {
  const isDim = (dim: unknown) => dim === null || Number.isSafeInteger(dim)
  const isSpec = (spec: unknown) => spec === null || (Array.isArray(spec) && spec.every(isDim))
  if (Array.isArray(value) && value.every(isSpec)) return value
  throw new LineError('bad value', `batched is ${show(value)}, not a list of lists of null and whole numbers`)
}

export function checkObject(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Readonly<Record<string, unknown>>
  throw new LineError('foreign', `${what} is ${show(value)}, not an object`)
}

function checkFields(value: unknown, what: string): readonly [string, unknown][] {
  const fields = Object.entries(checkObject(value, what))
  if (fields.length > LIMITS.fields)
    throw new LineError('bad value', `${what} has ${fields.length} entries, more than ${LIMITS.fields}`)
  for (const [name] of fields) checkName(name, `a name in ${what}`)
  return fields
}

function checkNumber(value: number, what: string): number {
  if (isFeatureValue(value)) return value
  throw new LineError('bad value', `${what} is ${show(value)}, which is out of all proportion`)
}

/** Arguments and dimensions that a feature's name speaks of become parameters and positions in code. */
function checkPosition(name: string): void {
  const { argument, dim } = parseArgumentFeature(name) ?? {}
  for (const position of [argument, dim, parseKeyFeature(name)])
    if (position !== undefined && position >= LIMITS.positions)
      throw new LineError('bad value', `feature ${show(name)} is about position ${show(position)}`)
}

/** Refuses values that are too many, nested too deeply or of no sensible size. */
function checkExtent(value: unknown, what: string): void {
  let count = 0
  const visit = (part: unknown, depth: number): void => {
    if (++count > LIMITS.values)
      throw new LineError('bad value', `${what} holds more than ${LIMITS.values} values`)
    if (depth > LIMITS.depth)
      throw new LineError('bad value', `${what} is nested deeper than ${LIMITS.depth}`)
    if (typeof part === 'number') checkNumber(part, `a number in ${what}`)
    else if (typeof part === 'string' && part.length > LIMITS.text)
      throw new LineError('bad value', `a text in ${what} has more than ${LIMITS.text} characters`)
    else if (typeof part === 'object' && part !== null)
      for (const entry of Object.values(part)) visit(entry, depth + 1)
  }
  visit(value, 0)
}
