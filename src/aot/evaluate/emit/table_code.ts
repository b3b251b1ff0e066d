/**
 * A table of measured shapes as a scan for the nearest: numbers in one flat constant, no allocation in a
 * call.
 */
import type { Decision } from '../decide/decision.ts'
import type { Column } from '../features/columns.ts'
import { logSize } from '../learn/coordinates.ts'
import type { TableProgram } from '../models/model.ts'
import { OTHER_CATEGORY } from '../models/nearest_neighbor.ts'
import { at, entryAt } from '../numeric.ts'
import { columnName } from './expressions.ts'
import { numberLiteral, stringLiteral } from './literals.ts'

/** Module constants of a table: the entries, and the texts of categories. */
export function tableConstants(columns: readonly Column[], table: TableProgram): string {
  const rows = table.entries.map((entry) => {
    const cells = [
      ...table.axes.map(({ column, log }) => (log ? logSize(at(entry.row, column)) : at(entry.row, column))),
      ...table.categories.map((column) => at(entry.row, column)),
      entry.choice,
    ]
    return `  ${cells.map(numberLiteral).join(', ')},`
  })
  const texts = table.categories.map((column, index) => {
    const values = entryAt(columns, column).values.map(stringLiteral)
    return `const TEXTS_${index}: readonly string[] = [${values.join(', ')}]`
  })
  const cells = [
    ...table.axes.map(({ column, log }) => `${log ? 'log2 ' : ''}${columnName(columns, column)}`),
    ...table.categories.map((column) => columnName(columns, column)),
    'position in CONFIGS',
  ]
  const doc = ['/** Measured shapes, by:', ...cells.map((cell) => ` * ${cell}`), ' */']
  return [...texts, ...doc, 'const TABLE: readonly number[] = [', ...rows, ']'].join('\n')
}

/** Statements that return the choice of the nearest entry. */
export function tableCode({ columns }: Decision, table: TableProgram): readonly string[] {
  const stride = table.axes.length + table.categories.length + 1
  const coordinates = table.axes.map(({ column, log }, index) => {
    const name = columnName(columns, column)
    return `const x${index} = ${log ? `Math.log2(Math.max(${name}, 0.5))` : name}`
  })
  const codes = table.categories.map(
    (column, index) => `const c${index} = TEXTS_${index}.indexOf(${columnName(columns, column)})`,
  )
  const distances = table.axes.map(
    ({ weight }, index) =>
      `  distance += ((TABLE[entry + ${index}] as number) - x${index}) ** 2 * ${numberLiteral(weight)}`,
  )
  const categories = table.categories.map(
    (_, index) =>
      `  if (TABLE[entry + ${table.axes.length + index}] !== c${index}) distance += ${OTHER_CATEGORY}`,
  )
  return [
    ...coordinates,
    ...codes,
    'let best = 0',
    'let least = Infinity',
    `for (let entry = 0; entry < TABLE.length; entry += ${stride}) {`,
    '  let distance = 0',
    ...distances,
    ...categories,
    '  if (distance >= least) continue',
    '  least = distance',
    `  best = TABLE[entry + ${stride - 1}] as number`,
    '}',
    'return best',
  ]
}
