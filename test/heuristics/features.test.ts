/** Features of calls: names, values, batched dimensions, key functions. */
import { expect, test } from 'vitest'
import {
  describeDType,
  extractFeatures,
  flattenKey,
  keyFeatures,
  withoutBatched,
} from '../../src/heuristics/features.ts'

const x = { shape: [8, 64], dtype: 'f16' }

test('a tensor and a number', () => {
  expect(extractFeatures([x, 3, true, 'text', null])).toEqual({
    arg0_ndim: 2,
    arg0_dim0: 8,
    arg0_dim1: 64,
    arg0_numel: 512,
    arg0_dtype: 'f16',
    arg0_dtype_size: 2,
    arg0_dtype_cat: 2,
    arg1_scalar: 3,
    arg2_scalar: 1,
  })
})

test('what records and modules cannot hold is no feature, and keeps its position', () => {
  const [least, most] = [1e-39, 1e39]
  const beyond = [most * 1.1, -most * 1.1, least / 1.1, Number.NaN, Number.POSITIVE_INFINITY]
  const within = [0, least, -most]
  expect(extractFeatures([...beyond, ...within])).toEqual({
    arg5_scalar: 0,
    arg6_scalar: least,
    arg7_scalar: -most,
  })
  expect(keyFeatures(['x'.repeat(1001), 'x'.repeat(1000), 1e300, 1])).toEqual({
    key_1: 'x'.repeat(1000),
    key_3: 1,
  })
})

test('batched dimensions and what contains them are left out, in calls and in records', () => {
  const batched = [[0, null], null]
  const features = extractFeatures([x, 1], { batched })
  expect(features).not.toHaveProperty('arg0_dim0')
  expect(features).not.toHaveProperty('arg0_numel')
  expect(features).toMatchObject({ arg0_dim1: 64, arg0_ndim: 2, arg1_scalar: 1 })
  expect(withoutBatched(extractFeatures([x, 1]), batched)).toEqual(features)
  expect(extractFeatures([{ ...x, shape: [99, 64] }, 1], { batched })).toEqual(features)
})

test('a specification that batches nothing changes nothing', () => {
  expect(extractFeatures([x], { batched: [[null, null]] })).toEqual(extractFeatures([x]))
  expect(extractFeatures([x], { batched: [undefined] })).toEqual(extractFeatures([x]))
})

test('values of a key function keep their position', () => {
  expect(flattenKey([1, ['f16', null], { b: 1, a: true }, false])).toEqual([
    1,
    'f16',
    null,
    '{"a":true,"b":1}',
    0,
  ])
  expect(keyFeatures([null, 5])).toEqual({ key_1: 5 })
  expect(keyFeatures(7)).toEqual({ key_0: 7 })
})

test.each([
  [Promise.resolve(1), 'Promise'],
  [new Map([[1, 2]]), 'Map'],
  [() => 1, 'Function'],
])('a key function that returns %s, by which nothing is told apart', (value, kind) => {
  expect(() => flattenKey([1, value])).toThrow(`\`key\` returned a ${kind}, not numbers, texts or lists`)
})

test.each([
  ['f32', 4, 2],
  ['bool', 4, 0],
  ['torch.bool', 1, 0],
  ['torch.float16', 2, 2],
  ['torch.bfloat16', 2, 2],
  ['torch.float8_e4m3fn', 1, 2],
  ['int64', 8, 1],
  ['torch.uint8', 1, 1],
  ['torch.complex64', 8, 3],
  ['strange', 0, 4],
])('%s has %d bytes and category %d', (dtype, bytes, category) => {
  expect(describeDType(dtype)).toEqual({ bytes, category })
})
