/** Rounds of a loop as code: counted, several of them written out one after the other, or all of them. */
import { ConfigError } from '../../support/errors.ts'
import type { Lowering } from '../state/lowering.ts'
import type { Expr } from '../thread/expr.ts'
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
