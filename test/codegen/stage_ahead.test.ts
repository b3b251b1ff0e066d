/** Operands of products that are put in place before a loop, in loops that are written out several times. */
import { it } from 'vitest'
import { hl, type Tensor } from '../../src/language/index.ts'
import { ramp } from '../language/harness.ts'
import { OnCpu } from './on_cpu.ts'

/** The inner loop turns rows of the outer one: a view in its body, of what does not change in it. */
function turnedInside(q: Tensor, k: Tensor) {
  const [m, d] = q.shape
  const n = k.shape[0]
  const out = hl.zeros([m, n])
  for (const _ of hl.grid(1)) {
    for (const tn of hl.tile(n, { blockSize: 4 })) {
      const keys = k.at(tn, ':')
      for (const tm of hl.tile(m, { blockSize: 4 })) {
        out.at(tm, tn).addAssign(hl.dot(q.at(tm, ':'), keys.T).mul(d))
      }
    }
  }
  return out
}

it.each([4, 12, 13])('are those of the round, of %i columns', (n) => {
  for (const dynamic of [false, true]) {
    const subject = new OnCpu(turnedInside, [ramp([9, 4]), ramp([n, 4])], { dynamic })
    for (const factor of [2, 3, 4]) subject.expectRight({ range_unroll_factors: [factor, 1], num_stages: 1 })
  }
})
