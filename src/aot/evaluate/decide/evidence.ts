/**
 * What speaks for each leaf: how many shapes it has seen, how these fared when held out, and where they lie.
 */

import type { Column, Row } from '../features/columns.ts'
import { columnsOf, type Term } from '../features/terms.ts'
import { leavesOf, termsIn } from '../learn/tidy.ts'
import type { HeldOut } from '../learn/validation.ts'
import type { Program } from '../models/model.ts'
import { at, entryAt, range } from '../numeric.ts'
import type { LeafEvidence } from './decision.ts'
import { hullOf } from './guard.ts'
import { regretStatistics } from './statistics.ts'

/** Evidence by leaf; `positions` tells the leaf of each measured row, `choices` the choice of each leaf. */
export function evidenceOf(
  columns: readonly Column[],
  rows: readonly Row[],
  positions: Int32Array,
  choices: readonly number[],
  heldOut: HeldOut,
): readonly LeafEvidence[] {
  return choices.map((choice, leaf) => {
    const here = range(rows.length).filter((row) => positions[row] === leaf)
    const regrets = heldOut.flatMap((repetition) => here.map((row) => at(repetition, row)))
    const { geomean, worst } = regretStatistics(regrets)
    return {
      choice,
      shapes: here.length,
      heldOut: regrets.length > 0 ? { geomean, worst } : null,
      hull: hullOf(
        columns,
        here.map((row) => entryAt(rows, row)),
      ),
    }
  })
}

/** Columns that a program reads. */
export function usedColumns(program: Program, terms: readonly Term[]): readonly number[] {
  const used =
    program.kind === 'tree'
      ? termsIn(program.root).flatMap((term) => columnsOf(entryAt(terms, term)))
      : [...program.axes.map(({ column }) => column), ...program.categories]
  return [...new Set(used)].sort((a, b) => a - b)
}

/** Choices of the leaves from left to right, or of the entries. */
export function choicesOf(program: Program): readonly number[] {
  return program.kind === 'tree'
    ? leavesOf(program.root).map(({ choice }) => choice)
    : program.entries.map(({ choice }) => choice)
}
