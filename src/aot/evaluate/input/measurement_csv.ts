/**
 * Measurements as CSV, in Helion's columns, so that either tool can read the other's sweeps. The reader takes
 * one line at a time and always finds its way back: a torn line costs that line and no other. Lines as this
 * package and Helion write them are split by one regular expression; csv-parse does all the others.
 */
import { parse } from 'csv-parse/sync'
import { stringify } from 'csv-stringify/sync'
import type { ConfigData } from '../../../config/value.ts'
import type { Features } from '../../../heuristics/features.ts'
import { show } from '../../../support/json.ts'
import { didYouMean } from '../../../support/similar.ts'
import { sha16, stableStringify } from '../../../support/stable.ts'
import { checkFacts, type ToldFacts } from '../../facts/told_facts.ts'
import {
  checkConfig,
  checkFeatures,
  checkLine,
  checkName,
  checkTime,
  jsonIn,
  LineError,
  type LineProblem,
  toProblem,
} from '../../line_checks.ts'

/** Columns in the order in which they are written; a file may have them in any order. */
const CSV_COLUMNS: readonly string[] = [
  'kernel_name',
  'shape_hash',
  'config_hash',
  'config',
  'shape_features',
  'timing_ms',
]
/** What the compiler says, as JSON; only files of kernels of our own have it. */
const FACTS = 'facts'

/** One usable line. Equal shapes and equal configs of a file are the same objects. */
export interface CsvMeasurement {
  readonly kernel: string
  readonly shapeHash: string
  readonly features: Features
  readonly config: ConfigData
  readonly timingMs: number
  readonly facts?: ToldFacts | undefined
}

/** Yields what can be used and adds a problem for every line that cannot. Never throws on contents. */
export function* readMeasurementCsv(
  lines: Iterable<string>,
  file: string,
  problems: LineProblem[],
): Generator<CsvMeasurement> {
  const reader = new CsvReader()
  let number = 0
  for (const text of lines) {
    number++
    if (text.trim() === '') continue
    try {
      const measurement = reader.read(text)
      if (measurement) yield measurement
    } catch (error) {
      problems.push(toProblem(error, file, number))
    }
  }
}

/** The text of a CSV with a header. */
export function writeMeasurementCsv(measurements: Iterable<CsvMeasurement>): string {
  const all = [...measurements]
  const haveFacts = all.some(({ facts }) => facts)
  const rows = all.map((m) => [
    m.kernel,
    m.shapeHash,
    sha16(m.config),
    stableStringify(m.config),
    JSON.stringify(m.features),
    m.timingMs,
    ...(haveFacts ? [m.facts ? JSON.stringify(m.facts) : ''] : []),
  ])
  return stringify([[...CSV_COLUMNS, ...(haveFacts ? [FACTS] : [])], ...rows])
}

const PLAIN_LINE = /^([^",]*),([^",]*),([^",]*),"((?:[^"]|"")*)","((?:[^"]|"")*)",([^",]*)$/
const PLAIN_LINE_WITH_FACTS =
  /^([^",]*),([^",]*),([^",]*),"((?:[^"]|"")*)","((?:[^"]|"")*)",([^",]*),(?:"((?:[^"]|"")*)")?$/

/** The cells of a line; config, features and facts as they stand there. */
interface LineTexts {
  readonly kernel: string
  readonly shapeHash: string
  readonly config: string
  readonly features: string
  readonly time: string
  /** Empty where there are none. */
  readonly facts: string
}

interface Interned<T> {
  readonly id: number
  readonly value: T
}

type InternedShape = Interned<Omit<CsvMeasurement, 'config' | 'timingMs'>>

/** What has been seen of one file: its header, and parsed texts by text, since most lines repeat them. */
class CsvReader {
  #columns: readonly number[] = CSV_COLUMNS.map((_, index) => index)
  /** Lines in the usual order are split by it. */
  #plain: RegExp | undefined = PLAIN_LINE
  #factsColumn = -1
  #width = CSV_COLUMNS.length
  /** Whether a header or a line told that these are the columns, or that they are not. */
  #isSure: boolean | undefined
  readonly #facts = new Map<string, Interned<ToldFacts>>()
  readonly #configs = new Map<string, Interned<ConfigData>>()
  readonly #shapes = new Map<string, InternedShape>()
  /** By shape, then by config. */
  readonly #times: Map<number, number | number[]>[] = []
  /** Lines of one shape mostly follow each other. */
  #last: { readonly texts: LineTexts; readonly shape: InternedShape } | undefined

  /** The measurement of a line, or `undefined` for a header. */
  read(text: string): CsvMeasurement | undefined {
    checkLine(text)
    const plain = this.#plain?.exec(text)
    if (plain) {
      const [, kernel = '', shapeHash = '', , config = '', features = '', time = '', facts = ''] = plain
      return this.#measurement({ kernel, shapeHash, config, features, time, facts }, unquote)
    }
    const fields = splitLine(text)
    if (isHeader(fields)) {
      this.#readHeader(fields)
      return undefined
    }
    if (this.#isSure === false)
      throw new LineError('foreign', 'nobody knows its columns, because the header above it is refused')
    const [kernel, shapeHash, , config, features, time] = this.#columns.map((column) => fields[column])
    if (fields.length !== this.#width)
      throw new LineError('torn', `${fields.length} columns where ${this.#width} are expected`)
    return this.#measurement(
      {
        kernel: kernel ?? '',
        shapeHash: shapeHash ?? '',
        config: config ?? '',
        features: features ?? '',
        time: time ?? '',
        facts: fields[this.#factsColumn] ?? '',
      },
      (json) => json,
    )
  }

  /** `decode` turns a cell's text into JSON; it is asked only for texts that were not seen before. */
  #measurement(texts: LineTexts, decode: (text: string) => string): CsvMeasurement {
    const timingMs = checkTime(toNumber(texts.time))
    const config = intern(this.#configs, texts.config, () =>
      checkConfig(jsonIn(decode(texts.config), 'config')),
    )
    const shape = this.#shape(texts, decode)
    const facts =
      texts.facts.trim() === ''
        ? undefined
        : intern(this.#facts, texts.facts, () => checkFacts(jsonIn(decode(texts.facts), FACTS)))
    this.#refuseRepeated(shape.id, config.id, timingMs)
    this.#isSure = true
    const { value } = shape
    return {
      kernel: value.kernel,
      shapeHash: value.shapeHash,
      features: value.features,
      config: config.value,
      timingMs,
      ...(facts ? { facts: facts.value } : {}),
    }
  }

  #shape(texts: LineTexts, decode: (text: string) => string): InternedShape {
    const { kernel, shapeHash, features } = texts
    const last = this.#last
    if (
      last?.texts.features === features &&
      last.texts.shapeHash === shapeHash &&
      last.texts.kernel === kernel
    )
      return last.shape
    const shape = intern(this.#shapes, `${kernel}\n${shapeHash}\n${features}`, () => ({
      kernel: ownText(checkName(kernel, 'kernel_name')),
      shapeHash: ownText(checkName(shapeHash, 'shape_hash')),
      features: checkFeatures(jsonIn(decode(features), 'shape_features')),
    }))
    this.#last = { texts, shape }
    return shape
  }

  #readHeader(fields: readonly string[]): void {
    const wrong = wrongHeader(fields)
    if (wrong !== undefined) throw this.#refusedHeader(wrong)
    this.#isSure = true
    const columns = CSV_COLUMNS.map((name) => fields.indexOf(name))
    this.#columns = columns
    this.#factsColumn = fields.indexOf(FACTS)
    this.#width = fields.length
    const isStandard = columns.every((column, index) => column === index)
    if (!isStandard) this.#plain = undefined
    else this.#plain = this.#factsColumn < 0 ? PLAIN_LINE : PLAIN_LINE_WITH_FACTS
  }

  /** Where it is the first, a column may be of another unit, or of something else. */
  #refusedHeader(wrong: string): LineError {
    this.#isSure ??= false
    if (!this.#isSure) this.#plain = undefined
    const rest = this.#isSure
      ? 'Lines that fit the columns known before are read.'
      : 'The lines below it are left out.'
    return new LineError('foreign', `the header ${wrong} ${rest}`)
  }

  #refuseRepeated(shape: number, config: number, timingMs: number): void {
    const row = this.#times[shape] ?? new Map<number, number | number[]>()
    this.#times[shape] = row
    const times = row.get(config)
    if (times === undefined) row.set(config, timingMs)
    else if (times === timingMs || (Array.isArray(times) && times.includes(timingMs)))
      throw new LineError('duplicate', 'the same measurement was read before')
    else row.set(config, Array.isArray(times) ? [...times, timingMs] : [times, timingMs])
  }
}

/** Two names of columns, or that of the first one, are no accident. */
function isHeader(fields: readonly string[]): boolean {
  return (
    fields.some((field) => field.trim() === 'kernel_name') ||
    fields.filter((field) => CSV_COLUMNS.includes(field)).length > 1
  )
}

/** What is wrong with a header, as the end of a sentence. */
function wrongHeader(fields: readonly string[]): string | undefined {
  const missing = CSV_COLUMNS.filter((name) => !fields.includes(name))
  const unknown = fields.find((field) => field !== FACTS && !CSV_COLUMNS.includes(field))
  if (unknown !== undefined)
    return `has an unknown column ${show(unknown)}.${didYouMean(unknown.slice(0, 40), missing)}`
  if (missing.length > 0) return `has no column ${missing.join(', ')}.`
  return new Set(fields).size < fields.length ? 'names a column twice.' : undefined
}

function splitLine(text: string): readonly string[] {
  try {
    const rows = parse(text, { relax_column_count: true }) as string[][]
    return rows[0] ?? []
  } catch {
    throw new LineError('torn', 'the quotes of this line do not match')
  }
}

function unquote(text: string): string {
  return text.replaceAll('""', '"')
}

/** A number as Python and JavaScript print it; NaN for everything else, empty text included. */
function toNumber(text: string): number {
  const number = Number(text)
  if (Number.isNaN(number)) return Number(text.replace(/^([+-]?)inf$/i, '$1Infinity'))
  return number === 0 && text.trim() === '' ? Number.NaN : number
}

/** A part of a text keeps all of it in memory, and a line is part of a large piece of a file. */
function ownText(text: string): string {
  return jsonIn(JSON.stringify(text), 'a text') as string
}

function intern<T>(known: Map<string, Interned<T>>, text: string, make: () => T): Interned<T> {
  const found = known.get(text)
  if (found) return found
  const made = { id: known.size, value: make() }
  known.set(ownText(text), made)
  return made
}
