/** Rounds of a loop as code: counted, several of them written out one after the other, or all of them. */
import { ConfigError } from '../../support/errors.ts'
import type { Lowering } from '../state/lowering.ts'
import type { Expr } from '../thread/expr.ts'
import { literalOf } from '../thread/expressions.ts'
import { typeOf } from '../thread/types.ts'
import type { LoopRange } from './loop_range.ts'

/** Rounds written out one after the other must stay readable, and compilable: lines of WGSL. */
const MAX_LINES_WRITTEN_OUT = 1024

/**
 * A loop over the range, with `factor` rounds in its body. `round` emits the one that begins at its argument.
 */
export function countRounds(
  lowering: Lowering,
  name: string,
  { begin, end, extent, rounds }: LoopRange,
  factor: number,
  round: (at: Expr) => void,
): void {
  const { out, e } = lowering
  const together = Math.max(1, factor)
  if (together === 1 || (rounds !== undefined && rounds % together === 0)) {
    const counter = out.counter(name, typeOf('u32', 1))
    const condition = e.binary('<', counter, end)
    out.loop({ counter, init: begin, condition, step: e.u32(together * extent) }, () => {
      if (together === 1) round(counter)
      else writeOut(lowering, counter, extent, together, round)
    })
    return
  }
  const counter = out.variable(name, begin)
  const whole = e.binary('<', e.add(counter, e.u32((factor - 1) * extent)), end)
  out.loop({ counter, condition: whole, step: e.u32(factor * extent) }, () => {
    writeOut(lowering, counter, extent, factor, round)
  })
  const condition = e.binary('<', counter, end)
  out.loop({ counter, condition, step: e.u32(extent) }, () => round(counter))
}

/** Rounds that share something, how many of them, and what is done before those of a group. */
export interface Groups {
  readonly rounds: number
  /** Gets a position in the next group, or in the last one. */
  readonly enter: (next: Expr) => void
}

/**
 * The rounds of a loop in groups that begin at a multiple of their length; the first and the last may have
 * fewer. Where none has, the inner loop has a counter of its own, and drivers know how often it goes round:
 * int4 at 4096³ takes 512 us on an H200 and not 568.
 */
export function countGroups(
  lowering: Lowering,
  name: string,
  { begin, end, extent, rounds }: LoopRange,
  groups: Groups,
  factor: number,
  round: (at: Expr) => void,
): void {
  const { e } = lowering
  const length = groups.rounds * extent
  const isAligned = isMultiple(begin, length)
  const isWhole = isAligned && rounds !== undefined && rounds % groups.rounds === 0
  const first = isAligned ? begin : e.mul(e.div(begin, e.u32(length)), e.u32(length))
  const outer = { begin: first, end, extent: length, rounds: undefined }
  countRounds(lowering, `${name}_group`, outer, 1, (at) => {
    const after = e.sum([at], length)
    groups.enter(e.call('min', after, e.sub(end, e.u32(extent))))
    if (isWhole) {
      const inner = { begin: e.u32(0), end: e.u32(length), extent, rounds: groups.rounds }
      countRounds(lowering, `${name}_within`, inner, factor, (within) => round(e.sum([at, within])))
    } else {
      const inner = {
        begin: e.call('max', at, begin),
        end: e.call('min', after, end),
        extent,
        rounds: undefined,
      }
      countRounds(lowering, name, inner, factor, round)
    }
  })
}

function isMultiple(at: Expr, length: number): boolean {
  const value = literalOf(at)
  return value !== undefined && value % length === 0
}

/** So many rounds, one after the other; throws ConfigError where that would be too long. */
export function writeOut(
  { out, e }: Lowering,
  begin: Expr,
  extent: number,
  rounds: number,
  round: (at: Expr) => void,
): void {
  const before = out.lineCount
  for (let i = 0; i < rounds; i++) {
    out.block(() => round(e.sum([begin], i * extent)))
    if (i > 0 && out.lineCount - before > MAX_LINES_WRITTEN_OUT) {
      throw new ConfigError(
        `${rounds} rounds of a loop, written out, would be more than ${MAX_LINES_WRITTEN_OUT} lines of WGSL`,
        { excess: { of: 'lines', needed: rounds * (out.lineCount - before), limit: MAX_LINES_WRITTEN_OUT } },
      )
    }
  }
}
