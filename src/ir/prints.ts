/**
 * What kernels print (`hl.print`), as programs leave it in memory: a tensor of one i32 counts words, another
 * holds records of them, in any order. A record is the number of its place in the kernel, the positions of
 * the element along its axes, and the bits of the values.
 */
import type { DType } from '../support/dtypes.ts'

/** Words that one launch may print. */
export const PRINT_CAPACITY: number = 2 ** 16

/** One `hl.print` of the kernel. */
export interface PrintSite {
  readonly format: string
  /** How many positions an element has. */
  readonly rank: number
  /** What the words of the values are. */
  readonly dtypes: readonly ('f32' | 'i32' | 'u32' | 'bool')[]
}

export interface Prints {
  /** Tensors by id. */
  readonly count: number
  readonly words: number
  readonly sites: readonly PrintSite[]
}

/** The dtype whose bits stand for a value. */
export function printedAs(dtype: DType): PrintSite['dtypes'][number] {
  return dtype === 'i32' || dtype === 'u32' || dtype === 'bool' ? dtype : 'f32'
}

interface PrintRecord {
  readonly site: number
  readonly positions: readonly number[]
  readonly text: string
}

const BITS = new DataView(new ArrayBuffer(4))

/** Lines of text, in the order of the kernel and of positions. */
export function printedLines(
  sites: readonly PrintSite[],
  counted: number,
  words: ArrayLike<number>,
): readonly string[] {
  const records: PrintRecord[] = []
  const most = Math.min(counted, words.length)
  for (let at = 0; at < most; ) {
    const site = words[at] ?? 0
    const { format, rank, dtypes } = sites[site] ?? { format: '', rank: 0, dtypes: [] }
    const next = at + 1 + rank + dtypes.length
    if (next > most) break
    const positions = Array.from({ length: rank }, (_, i) => words[at + 1 + i] ?? 0)
    const values = dtypes.map((dtype, i) => valueText(dtype, words[at + 1 + rank + i] ?? 0))
    records.push({ site, positions, text: filledIn(format, values) })
    at = next
  }
  records.sort(inOrder)
  const lines = records.map(({ positions, text }) => {
    return positions.length === 0 ? text : `${text} at [${positions.join(', ')}]`
  })
  const lost = counted - words.length
  return lost <= 0 ? lines : [...lines, `${lost} of ${counted} words did not fit: print fewer elements`]
}

/** The values in the places of `{}`, and behind the text where it has too few. */
function filledIn(format: string, values: readonly string[]): string {
  const rest = [...values]
  const text = format.replaceAll('{}', (place) => rest.shift() ?? place)
  return [text, ...rest].join(' ')
}

function valueText(dtype: PrintSite['dtypes'][number], word: number): string {
  BITS.setInt32(0, word)
  switch (dtype) {
    case 'f32':
      return String(Number(BITS.getFloat32(0).toPrecision(7)))
    case 'u32':
      return String(BITS.getUint32(0))
    case 'bool':
      return word === 0 ? 'false' : 'true'
    case 'i32':
      return String(word)
  }
}

function inOrder(a: PrintRecord, b: PrintRecord): number {
  const [one, other] = [
    [a.site, ...a.positions],
    [b.site, ...b.positions],
  ]
  const at = one.findIndex((value, i) => value !== other[i])
  return at < 0 ? 0 : (one[at] ?? 0) - (other[at] ?? 0)
}
