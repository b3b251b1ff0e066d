/**
 * Reads back the decision of a generated module from its code. Only code as this package writes it is
 * understood; a module that somebody edited beyond changing numbers yields no tree, and its configs still
 * count.
 */
import type { NamedTerm, NamedTree, PreviousChoices } from '../decide/previous_choices.ts'
import { hashesOf } from '../decide/previous_choices.ts'
import { runModule } from './run_module.ts'

/** What a module chose. Throws DataError when the text cannot be run at all. */
export function parseModule(text: string, kernel: string, path: string): PreviousChoices {
  const module = runModule(text, kernel, path)
  const body = /export function key_\w+\([^)]*\): number \{\n([\s\S]*?)\n\}/.exec(text)?.[1]
  return {
    configHashes: hashesOf(module.configs),
    tree: body ? parseBody(body) : undefined,
  }
}

type Quantities = ReadonlyMap<string, NamedTerm>

const READER = 'size|numel|rank|dtype|dtypeSize|dtypeCategory|scalar|numberOf|textOf'
const COLUMN = new RegExp(`^const (\\w+) = (?:${READER})\\(_?(?:arg|value)\\d+(?:, \\d+)?\\)$`)
const QUANTITY = /^const (\w+) = ([\w* ()/]+)$/
const BRANCH = /^if \((.+)\) (?:\{|return (\d+)(?: \/\/.*)?)$/
const RETURN = /^return (\d+)(?: \/\/.*)?$/

function parseBody(body: string): NamedTree | undefined {
  const lines = body
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('//'))
  const names = new Set<string>()
  const quantities = new Map<string, NamedTerm>()
  let position = 0
  for (; position < lines.length; position++) {
    const line = lines[position] ?? ''
    const column = COLUMN.exec(line)
    const quantity = QUANTITY.exec(line)
    if (column?.[1]) names.add(column[1])
    else if (quantity?.[1]) {
      const term = parseRatio(quantity[2] ?? '', names)
      if (!term) return undefined
      quantities.set(quantity[1], term)
    } else if (isGuard(line)) position = skipGuard(lines, position)
    else break
  }
  const reader = { lines, position, names, quantities }
  const tree = parseStatements(reader)
  return reader.position === lines.length ? tree : undefined
}

interface Reader {
  readonly lines: readonly string[]
  position: number
  readonly names: ReadonlySet<string>
  readonly quantities: Quantities
}

/** A statement list that ends in a return on every path. */
function parseStatements(reader: Reader): NamedTree | undefined {
  const line = reader.lines[reader.position] ?? ''
  const leaf = RETURN.exec(line)
  if (leaf) {
    reader.position++
    return { choice: Number(leaf[1]) }
  }
  const branch = BRANCH.exec(line)
  const question = branch && parseCondition(branch[1] ?? '', reader)
  if (!branch || !question) return undefined
  reader.position++
  const low = branch[2] === undefined ? parseBlock(reader) : { choice: Number(branch[2]) }
  const high = low && parseStatements(reader)
  return low && high ? { ...question, low, high } : undefined
}

function parseBlock(reader: Reader): NamedTree | undefined {
  const tree = parseStatements(reader)
  return reader.lines[reader.position++] === '}' ? tree : undefined
}

function parseCondition(
  text: string,
  { names, quantities }: Reader,
): { readonly term: NamedTerm; readonly threshold: number } | undefined {
  const [, name, value] = /^(\w+) <= (\S+)$/.exec(text) ?? []
  if (name !== undefined) {
    const term = quantities.get(name) ?? (names.has(name) ? ratio([name], []) : undefined)
    const threshold = Number(value?.replaceAll('_', ''))
    return term && Number.isFinite(threshold) ? { term, threshold } : undefined
  }
  const [, size, by] = /^(\w+) % (\d+) !== 0$/.exec(text) ?? []
  if (size !== undefined) return { term: { kind: 'divisible', name: size, by: Number(by) }, threshold: 0.5 }
  const [, category, literal] = /^(\w+) !== '([^'\\]*)'$/.exec(text) ?? []
  if (category === undefined) return undefined
  return { term: { kind: 'category', name: category, value: literal ?? '' }, threshold: 0.5 }
}

function parseRatio(text: string, names: ReadonlySet<string>): NamedTerm | undefined {
  const [top = '', bottom = ''] = text.split(' / ')
  const parts = (side: string) =>
    side
      .replace(/[()]/g, '')
      .split(' * ')
      .filter((part) => part !== '')
  const term = ratio(parts(top), parts(bottom))
  return [...term.factors, ...term.divisors].every((name) => names.has(name)) ? term : undefined
}

function ratio(factors: readonly string[], divisors: readonly string[]): NamedTerm & { kind: 'ratio' } {
  return { kind: 'ratio', factors, divisors }
}

/** Guards compare with `<`, `>`, or `!==` joined by `||`; a tree never does. */
function isGuard(line: string): boolean {
  return line === 'if (' || (/^if \(.*\) return \d+$/.test(line) && / [<>] |\|\||&&/.test(line))
}

function skipGuard(lines: readonly string[], position: number): number {
  if (lines[position] !== 'if (') return position
  return lines.findIndex((line, index) => index > position && /^\) return \d+$/.test(line))
}
