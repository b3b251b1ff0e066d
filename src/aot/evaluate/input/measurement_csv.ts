/**
 * Measurements as CSV, in Helion's columns, so that either tool can read the other's sweeps. The reader takes
 * one line at a time and always finds its way back: a torn line costs that line and no other. Lines as this
 * package and Helion write them are split by one regular expression; csv-parse does all the others.
 */
import { parse } from 'csv-parse/sync'
import { stringify } from 'csv-stringify/sync'
import type { ConfigData } from '../../../config/value.ts'
import type { Features } from '../../../heuristics/features.ts'
import { didYouMean } from '../../../support/similar.ts'
import { sha16, stableStringify } from '../../../support/stable.ts'
import {
  checkConfig,
  checkFeatures,
  checkLine,
  checkName,
  checkTime,
  LineError,
  type LineProblem,
  parseJson,
  show,
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

/** One usable line. Equal shapes and equal configs of a file are the same objects. */
export interface CsvMeasurement {
  readonly kernel: string
  readonly shapeHash: string
  readonly features: Features
  readonly config: ConfigData
  readonly timingMs: number
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
  const rows = Array.from(measurements, (m) => [
    m.kernel,
    m.shapeHash,
    sha16(m.config),
    stableStringify(m.config),
    JSON.stringify(m.features),
    m.timingMs,
  ])
  return stringify([[...CSV_COLUMNS], ...rows])
}

const PLAIN_LINE = /^([^",]*),([^",]*),([^",]*),"((?:[^"]|"")*)","((?:[^"]|"")*)",([^",]*)$/

interface Interned<T> {
  readonly id: number
  readonly value: T
}

/** What has been seen of one file: its header, and parsed texts by text, since most lines repeat them. */
class CsvReader {
  #columns: readonly number[] = CSV_COLUMNS.map((_, index) => index)
  #isStandard = true
  readonly #configs = new Map<string, Interned<ConfigData>>()
  readonly #shapes = new Map<string, Interned<Omit<CsvMeasurement, 'config' | 'timingMs'>>>()
  readonly #times = new Map<number, number | number[]>()

  /** The measurement of a line, or `undefined` for a header. */
  read(text: string): CsvMeasurement | undefined {
    checkLine(text)
    const plain = this.#isStandard ? PLAIN_LINE.exec(text) : null
    if (plain) {
      const [, kernel = '', shapeHash = '', , config = '', features = '', time = ''] = plain
      return this.#measurement(kernel, shapeHash, config, features, time, unquote)
    }
    const fields = splitLine(text)
    if (isHeader(fields)) {
      this.#readHeader(fields)
      return undefined
    }
    const [kernel, shapeHash, , config, features, time] = this.#columns.map((column) => fields[column])
    if (fields.length !== CSV_COLUMNS.length)
      throw new LineError('torn', `${fields.length} columns where ${CSV_COLUMNS.length} are expected`)
    return this.#measurement(
      kernel ?? '',
      shapeHash ?? '',
      config ?? '',
      features ?? '',
      time ?? '',
      (json) => json,
    )
  }

  /** `decode` turns a cell's text into JSON; it is asked only for texts that were not seen before. */
  #measurement(
    kernel: string,
    shapeHash: string,
    configText: string,
    featureText: string,
    timeText: string,
    decode: (text: string) => string,
  ): CsvMeasurement {
    const timingMs = checkTime(toNumber(timeText))
    const config = intern(this.#configs, configText, () =>
      checkConfig(parseJson(decode(configText), 'config')),
    )
    const shape = intern(this.#shapes, `${kernel}\n${shapeHash}\n${featureText}`, () => ({
      kernel: checkName(kernel, 'kernel_name'),
      shapeHash: checkName(shapeHash, 'shape_hash'),
      features: checkFeatures(parseJson(decode(featureText), 'shape_features')),
    }))
    this.#refuseRepeated(shape.id * 2 ** 24 + config.id, timingMs)
    const { value } = shape
    return {
      kernel: value.kernel,
      shapeHash: value.shapeHash,
      features: value.features,
      config: config.value,
      timingMs,
    }
  }

  #readHeader(fields: readonly string[]): void {
    const wrong = wrongHeader(fields)
    if (wrong !== undefined)
      throw new LineError('foreign', `the header ${wrong} Lines that fit the columns known before are read.`)
    const columns = CSV_COLUMNS.map((name) => fields.indexOf(name))
    this.#columns = columns
    this.#isStandard = columns.every((column, index) => column === index)
  }

  #refuseRepeated(cell: number, timingMs: number): void {
    const times = this.#times.get(cell)
    if (times === undefined) this.#times.set(cell, timingMs)
    else if (times === timingMs || (Array.isArray(times) && times.includes(timingMs)))
      throw new LineError('duplicate', 'the same measurement was read before')
    else this.#times.set(cell, Array.isArray(times) ? [...times, timingMs] : [times, timingMs])
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
  const unknown = fields.find((field) => !CSV_COLUMNS.includes(field))
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
  return text.trim() === '' ? Number.NaN : Number(text.replace(/^([+-]?)inf$/i, '$1Infinity'))
}

function intern<T>(known: Map<string, Interned<T>>, text: string, make: () => T): Interned<T> {
  const found = known.get(text)
  if (found) return found
  const made = { id: known.size, value: make() }
  known.set(text, made)
  return made
}
