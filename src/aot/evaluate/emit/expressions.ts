/** Names and expressions of the quantities that a generated function compares. */
import type { Column } from '../features/columns.ts'
import type { Term } from '../features/terms.ts'
import { entryAt } from '../numeric.ts'
import { stringLiteral, thresholdLiteral } from './literals.ts'

/** The constant that holds a column's value; different columns have different ones. */
export function columnName(columns: readonly Column[], index: number): string {
  const { name } = entryAt(columns, index)
  const plain = name.replace(/[^A-Za-z0-9_]/g, '_').replace(/^(?=\d|$)/, '_')
  const isTwin = columns.slice(0, index).some((other) => other.name.replace(/[^A-Za-z0-9_]/g, '_') === plain)
  return isTwin || TAKEN.has(plain) || NUMBERED.test(plain) ? `${plain}_${index}` : plain
}

/** Words of the language, and names that the module uses itself. */
const TAKEN: ReadonlySet<string> = new Set(
  (
    'break case catch class const continue debugger default delete do else enum export extends false ' +
    'finally for function if implements import in instanceof interface let new null package private ' +
    'protected public return static super switch this throw true try typeof undefined var void while with ' +
    'yield await async eval arguments size rank numel dtype dtypeSize dtypeCategory scalar numberOf textOf ' +
    'clamp meta CONFIGS TABLE Math Number String Infinity NaN best least entry distance'
  ).split(' '),
)
const NUMBERED = /^(?:arg|value|x|c|TEXTS_)\d+$/

/** A derived quantity has a constant of its own; undefined for terms that are compared as they are. */
export function quantity(
  term: Term,
  columns: readonly Column[],
): { readonly name: string; readonly expression: string } | undefined {
  if (term.kind !== 'ratio' || term.factors.length + term.divisors.length < 2) return undefined
  const factors = term.factors.map((column) => columnName(columns, column))
  const divisors = term.divisors.map((column) => columnName(columns, column))
  const product = factors.join(' * ')
  if (divisors.length === 0) return { name: factors.join('_times_'), expression: product }
  const top = factors.length > 1 ? `(${product})` : product
  const bottom = divisors.length > 1 ? `(${divisors.join(' * ')})` : divisors.join('')
  return {
    name: `${factors.join('_times_')}_over_${divisors.join('_times_')}`,
    expression: `${top} / ${bottom}`,
  }
}

/** The condition under which a shape takes the low side of a branch. */
export function condition(term: Term, threshold: number, columns: readonly Column[]): string {
  switch (term.kind) {
    case 'ratio': {
      const name = quantity(term, columns)?.name ?? columnName(columns, entryAt(term.factors, 0))
      return `${name} <= ${thresholdLiteral(threshold)}`
    }
    case 'divisible':
      return `${columnName(columns, term.column)} % ${term.by} !== 0`
    case 'category': {
      const value = entryAt(columns, term.column).values[term.value] ?? ''
      return `${columnName(columns, term.column)} !== ${stringLiteral(value)}`
    }
    default:
      return term satisfies never
  }
}
