/** Records of `hl.print` as text. */
import { expect, it } from 'vitest'
import { type PrintSite, printedLines } from '../../src/ir/prints.ts'

const SITES: readonly PrintSite[] = [
  { format: 'x is {}, not {}', rank: 1, dtypes: ['f32', 'u32'] },
  { format: 'sum', rank: 0, dtypes: ['i32', 'bool'] },
]
const bits = (value: number): number => new Int32Array(Float32Array.of(value).buffer)[0] ?? 0

it('come in the order of the kernel and of positions', () => {
  const words = [1, -3, 1, 0, 7, bits(0.1), -1, 0, 2, bits(-Infinity), 5, 0, 0, 0]
  expect(printedLines(SITES, 11, words)).toEqual([
    'x is -Infinity, not 5 at [2]',
    'x is 0.1, not 4294967295 at [7]',
    'sum -3 true',
  ])
})

it('say what did not fit', () => {
  expect(printedLines(SITES, 8, [1, 4, 0, 1, 5, 1])).toEqual([
    'sum 4 false',
    'sum 5 true',
    '2 of 8 words did not fit: print fewer elements',
  ])
  expect(printedLines(SITES, 8, [1, 4, 0, 0, 1])).toEqual([
    'sum 4 false',
    '3 of 8 words did not fit: print fewer elements',
  ])
})

it('nothing', () => {
  expect(printedLines(SITES, 0, [0, 0])).toEqual([])
})
