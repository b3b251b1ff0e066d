/**
 * The body of `key_<kernel>`: first the features that the decision needs, each a named constant, then the
 * guard for unfamiliar shapes, then nested ifs or the scan of a table. Nothing is allocated in a call.
 */
import type { Decision } from '../decide/decision.ts'
import { choicesOf, usedColumns } from '../decide/evidence.ts'
import { entryAt } from '../numeric.ts'
import { columnName } from './expressions.ts'
import { stringLiteral, thresholdLiteral } from './literals.ts'
import { MAYBE_TENSOR, parameterOf, READERS, type ReaderName, readingOf } from './readers.ts'
import { tableCode, tableConstants } from './table_code.ts'
import { treeCode } from './tree_code.ts'

export interface KeyFunction {
  /** Names of the parameters; those that are not read begin with an underscore. */
  readonly parameters: readonly string[]
  readonly body: string
  /** Functions and constants of the module that the body uses, as source text. */
  readonly support: readonly string[]
}

const CLAMP = `function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high)
}`

export function keyFunction(decision: Decision): KeyFunction {
  const { program, columns, terms, guard, calling } = decision
  const used = usedColumns(program, terms)
  const asked = guardMatters(decision)
    ? [...guard.edges.map(({ column }) => column), ...guard.categories]
    : []
  const needed = [...new Set([...used, ...asked])].sort((a, b) => a - b)
  const names = positionalNames(decision)
  const positions = needed.map((column) => parameterOf(entryAt(columns, column), calling, names))
  const parameters = parameterNames(decision, names, positions)
  const readers = new Set<ReaderName>()
  const reads = needed.map((column, index) => {
    const parameter = entryAt(parameters, entryAt(positions, index))
    const { expression, reader } = readingOf(entryAt(columns, column), calling, parameter)
    readers.add(reader)
    return `const ${columnName(columns, column)} = ${moved(decision, column, expression)}`
  })
  const decide = program.kind === 'tree' ? treeCode(decision, program.root) : tableCode(decision, program)
  const guarded = guardCode(decision)
  const lines = [...reads, ...guarded, ...(reads.length > 0 && guarded.length === 0 ? [''] : []), ...decide]
  return {
    parameters,
    body: lines.map((line) => (line === '' ? '' : `  ${line}`)).join('\n'),
    support: [
      ...([...readers].some((reader) => READERS[reader].includes('MaybeTensor')) ? [MAYBE_TENSOR] : []),
      ...[...readers].sort().map((reader) => READERS[reader]),
      ...(guard.policy === 'nearest' && guard.edges.length > 0 ? [CLAMP] : []),
      ...(program.kind === 'table' ? [tableConstants(columns, program)] : []),
    ],
  }
}

/** Names of the features that are passed by position; empty when arguments are. */
function positionalNames({ calling, sweep }: Pick<Decision, 'calling' | 'sweep'>): readonly string[] {
  if (calling === 'arguments') return []
  const all = [...new Set(sweep.shapes.flatMap((shape) => Object.keys(shape.features)))]
  const numbers = all.flatMap((name) => /^key_(\d+)$/.exec(name)?.[1] ?? [])
  if (numbers.length === 0) return all.sort()
  return Array.from({ length: Math.max(...numbers.map(Number)) + 1 }, (_, index) => `key_${index}`)
}

function parameterNames(
  { calling }: Decision,
  names: readonly string[],
  positions: readonly number[],
): readonly string[] {
  const count = Math.max(names.length, ...positions.map((position) => position + 1), 0)
  const prefix = calling === 'arguments' ? 'arg' : 'value'
  return Array.from(
    { length: count },
    (_, index) => `${positions.includes(index) ? '' : '_'}${prefix}${index}`,
  )
}

/** Under `nearest` a size is moved to the edge of what was seen before anything is compared. */
function moved({ guard }: Decision, column: number, expression: string): string {
  const edge = guard.policy === 'nearest' ? guard.edges.find((other) => other.column === column) : undefined
  return edge
    ? `clamp(${expression}, ${thresholdLiteral(edge.low)}, ${thresholdLiteral(edge.high)})`
    : expression
}

/** Whether unfamiliar shapes may get another config than familiar ones. */
function guardMatters({ guard, program, fallbacks }: Decision): boolean {
  if (guard.policy !== 'auto' && guard.policy !== 'safe') return false
  return choicesOf(program).some((choice) => choice !== (fallbacks[0] ?? 0))
}

function guardCode(decision: Decision): readonly string[] {
  const { guard, columns, fallbacks } = decision
  if (!guardMatters(decision)) return []
  const sizes = guard.edges.flatMap(({ column, low, high }) => {
    const name = columnName(columns, column)
    const isSize = entryAt(columns, column).kind === 'size'
    return [
      ...(isSize && low <= 0 ? [] : [`${name} < ${thresholdLiteral(low)}`]),
      `${name} > ${thresholdLiteral(high)}`,
    ]
  })
  const categories = guard.categories.map((column) => {
    const tests = entryAt(columns, column).values.map(
      (value) => `${columnName(columns, column)} !== ${stringLiteral(value)}`,
    )
    return tests.length > 1 ? `(${tests.join(' && ')})` : tests.join('')
  })
  const tests = [...sizes, ...categories].filter((test) => test !== '')
  if (tests.length === 0) return []
  const unlike = guard.policy === 'auto' ? 'Nothing like this was' : 'Outside what was'
  return [
    '',
    `// ${unlike} measured: the config with the best worst case.`,
    ...ifReturn(tests, fallbacks[0] ?? 0),
    '',
  ]
}

/** One line where it fits, else a condition a line. */
function ifReturn(tests: readonly string[], choice: number): readonly string[] {
  const line = `if (${tests.join(' || ')}) return ${choice}`
  if (line.length <= 100) return [line]
  return [
    'if (',
    ...tests.map((test, index) => `  ${test}${index < tests.length - 1 ? ' ||' : ''}`),
    `) return ${choice}`,
  ]
}
