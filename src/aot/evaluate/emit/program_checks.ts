/** Checks of the decision that was read from a module: of each part, whether it has the form it must have. */

import type { Guard } from '../decide/guard.ts'
import type { Column } from '../features/columns.ts'
import type { RegretNumbers } from './meta.ts'
import type { TableData, TreeData } from './program_data.ts'

type Check = (value: unknown) => boolean
type Fields = Readonly<Record<string, unknown>>

const KINDS: readonly unknown[] = ['size', 'number', 'category']
const POLICIES: readonly unknown[] = ['auto', 'safe', 'nearest', 'tree']

export function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function isListOf(value: unknown, check: Check): value is readonly unknown[] {
  return Array.isArray(value) && value.every(check)
}

/** A whole number from 0 up. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0
}

export function isColumn(value: unknown): value is Column {
  return isObject(value) && isText(value.name) && KINDS.includes(value.kind) && isListOf(value.values, isText)
}

export function isRegret(value: unknown): value is RegretNumbers {
  return isObject(value) && [value.geomean, value.p95, value.worst].every(Number.isFinite)
}

/** A term over columns at positions that `isPosition` admits. */
export function isTermOver(isPosition: Check): Check {
  return (value) => {
    if (!isObject(value)) return false
    if (value.kind === 'ratio')
      return isListOf(value.factors, isPosition) && isListOf(value.divisors, isPosition)
    if (!isPosition(value.column)) return false
    return value.kind === 'divisible' ? isCount(value.by) : value.kind === 'category' && isCount(value.value)
  }
}

export function isGuard(value: unknown, isPosition: Check): value is Guard {
  if (!isObject(value)) return false
  const isEdge = (edge: unknown) =>
    isObject(edge) && isPosition(edge.column) && Number.isFinite(edge.low) && Number.isFinite(edge.high)
  return (
    POLICIES.includes(value.policy) && isListOf(value.edges, isEdge) && isListOf(value.categories, isPosition)
  )
}

export function isTreeOver(value: unknown, isTerm: Check, isChoice: Check): value is TreeData {
  const isNode = (node: unknown) =>
    Array.isArray(node) ? node.length === 2 && isTerm(node[0]) && Number.isFinite(node[1]) : isChoice(node)
  return isObject(value) && value.kind === 'tree' && isListOf(value.nodes, isNode)
}

/** A table over so many columns. */
export function isTableOver(
  value: unknown,
  isPosition: Check,
  columns: number,
  isChoice: Check,
): value is TableData {
  if (!isObject(value) || value.kind !== 'table') return false
  const isAxis = (axis: unknown) =>
    isObject(axis) && isPosition(axis.column) && typeof axis.log === 'boolean' && Number.isFinite(axis.weight)
  const isEntry = (entry: unknown) =>
    isListOf(entry, Number.isFinite) && entry.length === columns + 1 && isChoice(entry.at(-1))
  return (
    isListOf(value.axes, isAxis) &&
    isListOf(value.categories, isPosition) &&
    isListOf(value.entries, isEntry) &&
    value.entries.length > 0
  )
}

function isText(value: unknown): boolean {
  return typeof value === 'string'
}
