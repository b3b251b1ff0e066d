/** What a run of a thread program finds wrong with it, as data: each place once, up to a limit. */
import type { Statement } from '../thread/statements.ts'
import { printStatements } from '../wgsl/print_statements.ts'

/**
 * `race`: two invocations of a workgroup touch an element, one writes or their atomics differ, and no barrier
 * is between; `unordered`: two programs of a dispatch do, which nothing orders; `divergent`: a barrier, a
 * uniform load or a subgroup function that not all invocations reach together; `unwritten`: workgroup memory
 * is read that the workgroup has not written; `outside`: an index past the end.
 */
export type ReportKind = 'race' | 'unordered' | 'divergent' | 'unwritten' | 'outside'

export interface Report {
  readonly kind: ReportKind
  /** The array, the tensor's buffer or the function. */
  readonly place: string
  /** Which element. */
  readonly index: number | undefined
  /** Numbers within the workgroup: who did it last, and who before. Of programs: their numbers. */
  readonly invocations: readonly number[]
  /** The statement that was running, and the one that it is in conflict with. */
  readonly statement: string
  readonly earlier: string | undefined
}

/** A report before its statements have become text. */
export interface Finding extends Pick<Report, 'kind' | 'place' | 'index' | 'invocations'> {
  readonly earlier?: number
}

export interface ReportOptions {
  /** How many reports are kept; 16 by default. */
  readonly limit?: number
  /** The first report is thrown as an error. */
  readonly throws?: boolean
}

/** Collects what is found while a program runs. */
export class Reports {
  readonly list: Report[] = []
  /** The number of the statement that is running. */
  statement = 0
  readonly #statements: Statement[] = []
  readonly #known = new Set<string>()
  readonly #limit: number
  readonly #throws: boolean

  constructor({ limit = 16, throws = false }: ReportOptions = {}) {
    this.#limit = limit
    this.#throws = throws
  }

  /** A number for a statement. */
  number(statement: Statement): number {
    return this.#statements.push(statement) - 1
  }

  add({ earlier, ...finding }: Finding): void {
    const key = `${finding.kind} ${finding.place} ${this.statement} ${earlier}`
    if (this.#known.has(key) || this.list.length >= this.#limit) return
    this.#known.add(key)
    const text = earlier === undefined ? undefined : this.#text(earlier)
    const report = { ...finding, statement: this.#text(this.statement), earlier: text }
    if (this.#throws) throw new Error(printReport(report))
    this.list.push(report)
  }

  #text(number: number): string {
    const statement = this.#statements[number]
    return (statement && printStatements([statement], 0)[0]) ?? ''
  }
}

const SENTENCES: Readonly<Record<ReportKind, string>> = {
  race: 'is touched by two invocations without a barrier between',
  unordered: 'is touched by two programs, which nothing orders',
  divergent: 'is not reached by all invocations together',
  unwritten: 'is read before it is written',
  outside: 'is out of bounds',
}

/** A sentence, and the statements. */
export function printReport({ kind, place, index, invocations, statement, earlier }: Report): string {
  const element = index === undefined ? place : `${place}[${index}]`
  const after = earlier === undefined ? '' : `, after "${earlier}"`
  return `${element} ${SENTENCES[kind]} (${invocations.join(', ')}): "${statement}"${after}`
}
