import { describe, expect, it } from 'vitest'
import {
  argumentFeature,
  keyFeature,
  parseArgumentFeature,
  parseKeyFeature,
} from '../../src/heuristics/feature_names.ts'
import { extractFeatures, keyFeatures } from '../../src/heuristics/features.ts'

describe('names of features', () => {
  it('are read as they were made', () => {
    const call = [{ shape: [4, 8], dtype: 'f16' }, 'no feature', 3]
    const names = Object.keys(extractFeatures(call))
    const again = names.map((name) => {
      const feature = parseArgumentFeature(name)
      if (!feature) return undefined
      const { argument, what, dim } = feature
      return what === 'dim' ? argumentFeature(argument, what, dim) : argumentFeature(argument, what)
    })
    expect(again).toEqual(names)
    expect(names).toHaveLength(8)
    expect(Object.keys(keyFeatures([5, 'x'])).map((name) => keyFeature(parseKeyFeature(name) ?? -1))).toEqual(
      ['key_0', 'key_1'],
    )
  })

  it('that mean nothing are no features', () => {
    const others = [
      'arg0',
      'arg0_',
      'arg_dim0',
      'arg0_dim',
      'arg0_dim1_',
      'arg0_numel2',
      'Xarg0_dim1',
      'key_',
      'key_1_',
    ]
    expect(others.map((name) => [parseArgumentFeature(name), parseKeyFeature(name)])).toEqual(
      others.map(() => [undefined, undefined]),
    )
  })
})
