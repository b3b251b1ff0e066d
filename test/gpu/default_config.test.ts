/** Default configs that had to be made smaller than estimated: what they compute is right. */
import { describe, expect, it } from 'vitest'
import { hl, type Tensor } from '../../src/language/index.ts'
import { spread, values, whole } from './inputs.ts'
import * as kernels from './kernels.ts'
import { Subject, type SubjectOptions } from './subject.ts'

const TOLERANCE: SubjectOptions = { tolerance: { abs: 1e-4, rel: 1e-4 } }

/** A product whose operands are whole rows and columns. */
function wholeProduct(x: Tensor, y: Tensor): Tensor {
  const out = hl.empty([x.shape[0], y.shape[1]], x.dtype)
  for (const [tm, tn] of hl.tile([x.shape[0], y.shape[1]]))
    out.at(tm, tn).set(x.at(tm, ':').dot(y.at(':', tn)))
  return out
}

describe('the default config', () => {
  it.each([
    [17, 16],
    [70, 64],
    [33, 128],
  ])('of attention, %i rows of %i', async (n, d) => {
    const subject = await Subject.of(
      kernels.attention,
      [spread([n, d]), spread([n, d]), spread([n, d])],
      TOLERANCE,
    )
    await subject.expectRight({})
  })

  it('of attention on ranges', async () => {
    const inputs = [spread([70, 64]), spread([70, 64]), spread([70, 64])]
    const subject = await Subject.of(
      kernels.jaggedAttention,
      [...inputs, values([5], 'i32', [0, 3, 3, 45, 70])],
      TOLERANCE,
    )
    await subject.expectRight({})
  })

  it('of a product of whole rows', async () => {
    const subject = await Subject.of(wholeProduct, [whole([40, 500]), whole([500, 20])])
    await subject.expectRight({})
    expect(subject.spec.defaultConfig().blockSizes.every((size) => size >= 1)).toBe(true)
  })
})
