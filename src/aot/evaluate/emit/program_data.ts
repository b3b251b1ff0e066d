/**
 * A decision as plain data, as it stands in the `meta` of a module beside the code that does the same: what
 * tools read instead of running the code.
 */
import type { Features } from '../../../heuristics/features.ts'
import { choose } from '../decide/choose.ts'
import type { Decision } from '../decide/decision.ts'
import { usedColumns } from '../decide/evidence.ts'
import type { Guard } from '../decide/guard.ts'
import { type Column, rowOf } from '../features/columns.ts'
import { columnsOf, type Term } from '../features/terms.ts'
import { termsIn } from '../learn/tidy.ts'
import { isLeaf, type TreeNode } from '../learn/tree.ts'
import type { Program, TableProgram } from '../models/model.ts'
import { at, entriesAt, entryAt } from '../numeric.ts'

/** Columns and terms are named by their position in the lists. */
export interface ProgramData {
  /** Those that the program and its guard read. */
  readonly columns: readonly Column[]
  readonly terms: readonly Term[]
  readonly guard: Guard
  readonly program: TreeData | TableData
}

export interface TreeData {
  readonly kind: 'tree'
  /** A question is followed by its low side (the term is at most the threshold), then by its high side. */
  readonly nodes: readonly NodeData[]
}

/** A choice, or a question. */
export type NodeData = number | readonly [term: number, threshold: number]

export interface TableData extends Omit<TableProgram, 'entries'> {
  /** A value for each column, then the choice. */
  readonly entries: readonly (readonly number[])[]
}

/** A program with all that it needs to choose. */
export interface RunnableProgram {
  readonly columns: readonly Column[]
  readonly terms: readonly Term[]
  readonly guard: Guard
  readonly program: Program
  /** What the guard falls back to. */
  readonly safest: number
}

/** The choice of a program for a shape. */
export function choiceFor(
  { columns, terms, guard, program, safest }: RunnableProgram,
  features: Features,
): number {
  return choose(program, terms, guard, safest, rowOf(columns, features))
}

export function toProgramData({ program, terms, columns, guard }: Decision): ProgramData {
  const watched = [...guard.edges.map(({ column }) => column), ...guard.categories]
  const used = [...new Set([...usedColumns(program, terms), ...watched])].sort((a, b) => a - b)
  const asked = program.kind === 'tree' ? termsIn(program.root) : []
  const column = (position: number) => used.indexOf(position)
  return {
    columns: entriesAt(columns, used),
    terms: asked.map((term) => renumbered(entryAt(terms, term), column)),
    guard: {
      policy: guard.policy,
      edges: guard.edges.map((edge) => ({ ...edge, column: column(edge.column) })),
      categories: guard.categories.map(column),
    },
    program:
      program.kind === 'tree'
        ? { kind: 'tree', nodes: nodesOf(program.root, (term) => asked.indexOf(term)) }
        : tableData(program, used),
  }
}

/** The tree that some nodes list; `undefined` when they are too few, too many or too deep. */
export function treeOf(nodes: readonly NodeData[]): TreeNode | undefined {
  let next = 0
  const read = (depth: number): TreeNode | undefined => {
    const node = nodes[next++]
    if (node === undefined || depth > DEEPEST) return undefined
    if (typeof node === 'number') return { choice: node }
    const low = read(depth + 1)
    const high = low && read(depth + 1)
    return low && high && { term: node[0], threshold: node[1], low, high }
  }
  const root = read(0)
  return next === nodes.length ? root : undefined
}

/** No tree of this package comes near. */
const DEEPEST = 500

function nodesOf(node: TreeNode, term: (position: number) => number): readonly NodeData[] {
  if (isLeaf(node)) return [node.choice]
  return [[term(node.term), node.threshold], ...nodesOf(node.low, term), ...nodesOf(node.high, term)]
}

function renumbered(term: Term, column: (position: number) => number): Term {
  return term.kind === 'ratio'
    ? { ...term, factors: term.factors.map(column), divisors: term.divisors.map(column) }
    : { ...term, column: column(columnsOf(term)[0] ?? 0) }
}

function tableData(table: TableProgram, used: readonly number[]): TableData {
  return {
    kind: 'table',
    axes: table.axes.map((axis) => ({ ...axis, column: used.indexOf(axis.column) })),
    categories: table.categories.map((column) => used.indexOf(column)),
    entries: table.entries.map(({ row, choice }) => [...used.map((column) => at(row, column)), choice]),
  }
}
