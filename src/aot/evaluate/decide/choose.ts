/** What a program with its guard chooses for a shape: the reference that the emitted code must agree with. */
import type { Row } from '../features/columns.ts'
import { type Term, termValue } from '../features/terms.ts'
import { leafFor } from '../learn/tree.ts'
import type { Program } from '../models/model.ts'
import { nearestFinder } from '../models/nearest_neighbor.ts'
import { entryAt } from '../numeric.ts'
import { type Guard, isOutside, movedInside } from './guard.ts'

/** Position of the chosen config; `safest` is what the guard falls back to. */
export function choose(
  program: Program,
  terms: readonly Term[],
  guard: Guard,
  safest: number,
  row: Row,
): number {
  if (isOutside(guard, row)) return safest
  const inside = movedInside(guard, row)
  switch (program.kind) {
    case 'tree':
      return leafFor(program.root, (term) => termValue(entryAt(terms, term), inside)).choice
    case 'table':
      return entryAt(program.entries, nearestFinder(program)(inside)).choice
    default:
      return program satisfies never
  }
}
