/**
 * Terms: the quantities that a tree may ask about. A size, a product or quotient of sizes, divisibility, a
 * plain number, membership of a category. Each is an expression of a row that the emitted function computes
 * in the same way, so that training and serving never disagree about a shape.
 */
import { at, entryAt, range } from '../numeric.ts'
import type { Column, Row } from './columns.ts'

/** `factors[i]` over `divisors[j]`, columns by position; repeated for powers. */
export interface RatioTerm {
  readonly kind: 'ratio'
  readonly factors: readonly number[]
  readonly divisors: readonly number[]
}

/** 1 where the column is a multiple of `by`, else 0. */
export interface DivisibleTerm {
  readonly kind: 'divisible'
  readonly column: number
  readonly by: number
}

/** 1 where the category is the one at `value` in the column's list, else 0. */
export interface CategoryTerm {
  readonly kind: 'category'
  readonly column: number
  readonly value: number
}

export type Term = RatioTerm | DivisibleTerm | CategoryTerm

/** Divisibility that compilers and memory systems care about: vector width, half a cache line, a tile. */
const DIVISORS: readonly number[] = [4, 16]

/** Columns beyond this many get no products and quotients with each other: there are 15 pairs of 6. */
const MOST_COMBINED = 6

/** All terms of a table that differ between its rows, the plainest first. */
export function toTerms(columns: readonly Column[], rows: readonly Row[]): readonly Term[] {
  const all = range(columns.length)
  const sizes = all.filter((index) => columns[index]?.kind === 'size')
  const terms: Term[] = [
    ...all.filter((index) => columns[index]?.kind !== 'category').map((column) => ratio([column])),
    ...all.flatMap((column) => categoriesOf(columns, column)),
    ...sizes.flatMap((column) => DIVISORS.map((by): Term => ({ kind: 'divisible', column, by }))),
    ...combinations(sizes.slice(0, MOST_COMBINED)),
  ]
  return terms.filter((term) => new Set(rows.map((row) => termValue(term, row))).size > 1)
}

/** Value of a term in a row. A quotient by zero is Infinity or NaN, which no threshold admits. */
export function termValue(term: Term, row: Row): number {
  switch (term.kind) {
    case 'ratio': {
      let value = 1
      for (const column of term.factors) value *= at(row, column)
      if (term.divisors.length === 0) return value
      let divisor = 1
      for (const column of term.divisors) divisor *= at(row, column)
      return value / divisor
    }
    case 'divisible':
      return at(row, term.column) % term.by === 0 ? 1 : 0
    case 'category':
      return at(row, term.column) === term.value ? 1 : 0
    default:
      return term satisfies never
  }
}

/** True for terms with two values only. */
export function isYesNo(term: Term): boolean {
  return term.kind !== 'ratio'
}

/** Columns a term reads. */
export function columnsOf(term: Term): readonly number[] {
  return term.kind === 'ratio' ? [...term.factors, ...term.divisors] : [term.column]
}

/** How a term reads in a report: `arg0_dim0 * arg0_dim1`, `arg0_dtype is f16`. */
export function describeTerm(term: Term, columns: readonly Column[]): string {
  const name = (column: number) => entryAt(columns, column).name
  switch (term.kind) {
    case 'ratio': {
      const over = term.divisors.map(name)
      const divisor = over.length > 1 ? `(${over.join(' * ')})` : over[0]
      return term.factors.map(name).join(' * ') + (divisor === undefined ? '' : ` / ${divisor}`)
    }
    case 'divisible':
      return `${name(term.column)} is a multiple of ${term.by}`
    case 'category':
      return `${name(term.column)} is ${entryAt(columns, term.column).values[term.value] ?? 'something else'}`
    default:
      return term satisfies never
  }
}

function ratio(factors: readonly number[], divisors: readonly number[] = []): RatioTerm {
  return { kind: 'ratio', factors, divisors }
}

/** One question per value; two values need only one. */
function categoriesOf(columns: readonly Column[], column: number): Term[] {
  const { kind, values } = entryAt(columns, column)
  if (kind !== 'category') return []
  const asked = values.length === 2 ? [0] : range(values.length)
  return asked.map((value) => ({ kind: 'category', column, value }))
}

function combinations(sizes: readonly number[]): Term[] {
  const terms: Term[] = []
  sizes.forEach((a, i) => {
    for (const b of sizes.slice(i + 1)) terms.push(ratio([a, b]), ratio([a], [b]))
  })
  sizes.forEach((a, i) => {
    sizes.slice(i + 1).forEach((b, j) => {
      for (const c of sizes.slice(i + j + 2))
        terms.push(ratio([a, b, c]), ratio([a, b], [c]), ratio([a, c], [b]), ratio([b, c], [a]))
    })
  })
  return sizes.length > 4 ? terms.filter((term) => columnsOf(term).length < 3) : terms
}
