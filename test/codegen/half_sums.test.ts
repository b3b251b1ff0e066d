/** A sum of f16 that is streamed in chunks carries f32 from chunk to chunk and is rounded after the last. */
import { expect, it } from 'vitest'
import { hl, type Tensor } from '../../src/language/index.ts'
import { ramp } from '../language/harness.ts'
import { Compiled } from './compiling.ts'

it('streams f16 and carries f32', () => {
  const kernel = (x: Tensor): Tensor => {
    const out = hl.empty([x.shape[0]], x.dtype)
    for (const t of hl.tile(x.shape[0])) out.at(t).set(x.at(t, ':').sum(1))
    return out
  }
  const text = new Compiled(kernel, [ramp([4, 256], 'f16')]).after('roll reductions', {
    reduction_loops: [64],
  })
  expect(text.match(/f(16|32)(\[.*?\])? = (load|cast|add|result|sum)/g)).toEqual([
    'f16[tile0, slice1] = load',
    'f32[tile0, slice1] = cast',
    'f32[tile0, slice1] = add',
    'f32[tile0, slice1] = result',
    'f32[tile0] = sum',
    'f16[tile0] = cast',
  ])
})
