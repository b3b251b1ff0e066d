/**
 * Rows of different lengths, one behind the other in one tensor: row r has the elements `offsets[r]` to
 * `offsets[r + 1] - 1` of `x[elements, width]`. A loop over such a range runs to the end of the longest row
 * of a tile; past the end of another row nothing is read, written or summed.
 */
import { hl, kernel, randn, type Tensor, type Tile, type TileValue, tensor } from 'helion-aot'
import { type Example, randomOffsets, runIfMain } from './shared/example.ts'
import { type Matrix, mean, softmaxOf, sum, transpose, type Vector } from './shared/plain.ts'

/** Where the rows of a tile begin and end. */
function boundsOf(offsets: Tensor, row: Tile): [begins: TileValue, ends: TileValue] {
  return [offsets.at(row), offsets.at(row.index.add(1))]
}

/** The sum of each row. */
export const jaggedSum = kernel(function jaggedSum(x: Tensor, offsets: Tensor) {
  const [rows, width] = [hl.sub(offsets.shape[0], 1), x.shape[1]]
  const out = hl.empty([rows, width])
  for (const [row, column] of hl.tile([rows, width])) {
    const acc = hl.zeros([row, column])
    for (const t of hl.tile(...boundsOf(offsets, row))) acc.addAssign(x.at(t, column).sum(1))
    out.at(row, column).set(acc)
  }
  return out
})

/** The softmax of each row, column by column. */
export const jaggedSoftmax = kernel(function jaggedSoftmax(x: Tensor, offsets: Tensor) {
  const [rows, width] = [hl.sub(offsets.shape[0], 1), x.shape[1]]
  const out = hl.emptyLike(x)
  for (const [row, column] of hl.tile([rows, width])) {
    const [begins, ends] = boundsOf(offsets, row)
    const top = hl.full([row, column], -1e30)
    const total = hl.zeros([row, column])
    for (const t of hl.tile(begins, ends)) {
      const values = x.at(t, column)
      const next = hl.maximum(top, values.amax(1))
      total.mulAssign(top.sub(next).exp())
      total.addAssign(values.sub(next.unsqueeze(1)).exp().sum(1))
      top.assign(next)
    }
    for (const t of hl.tile(begins, ends)) {
      out.at(t, column).set(x.at(t, column).sub(top.unsqueeze(1)).exp().div(total.unsqueeze(1)))
    }
  }
  return out
})

/** Each row, over its length and the whole width, to mean 0 and variance 1. */
export const jaggedLayerNorm = kernel(function jaggedLayerNorm(x: Tensor, offsets: Tensor, eps: number) {
  const [rows, width] = [hl.sub(offsets.shape[0], 1), x.shape[1]]
  const out = hl.emptyLike(x)
  for (const row of hl.tile(rows)) {
    const [begins, ends] = boundsOf(offsets, row)
    const count = ends.sub(begins).mul(width).maximum(1).to('f32')
    const total = hl.zeros([row])
    const squares = hl.zeros([row])
    for (const t of hl.tile(begins, ends)) total.addAssign(x.at(t, ':').sum(2).sum(1))
    const center = total.div(count).unsqueeze(1).unsqueeze(2)
    for (const t of hl.tile(begins, ends)) {
      squares.addAssign(x.at(t, ':').sub(center).square().sum(2).sum(1))
    }
    const scale = squares.div(count).add(eps).rsqrt().unsqueeze(1).unsqueeze(2)
    for (const t of hl.tile(begins, ends)) out.at(t, ':').set(x.at(t, ':').sub(center).mul(scale))
  }
  return out
})

/** The rows of `x` that one jagged row has. */
function rowsOf(x: Matrix, offsets: Vector): Matrix[] {
  return offsets.slice(1).map((end, i) => x.slice(offsets[i], end))
}

/** Each column of a jagged row by itself. */
function columnsOf(row: Matrix, change: (column: Vector) => Vector): Matrix {
  return row.length === 0 ? [] : transpose(transpose(row).map(change))
}

function normalized(row: Matrix, eps: number): Matrix {
  const center = mean(row.flat())
  const scale = 1 / Math.sqrt(mean(row.flat().map((value) => (value - center) ** 2)) + eps)
  return row.map((values) => values.map((value) => (value - center) * scale))
}

const common = { sizes: [[3, 5, 3]], bench: [1024, 512, 128] }

function inputs(rows: number, longest: number, width: number): [x: Tensor, offsets: Tensor] {
  const offsets = randomOffsets(rows, longest)
  return [randn([offsets[rows], width]), tensor(offsets, { dtype: 'i32' })]
}

export const examples: readonly Example[] = [
  {
    kernel: jaggedSum,
    args: inputs,
    reference: (x: Matrix, offsets: Vector) =>
      rowsOf(x, offsets).map((row) => x[0].map((_, j) => sum(row.map((values) => values[j])))),
    ...common,
  },
  {
    kernel: jaggedSoftmax,
    args: inputs,
    reference: (x: Matrix, offsets: Vector) => rowsOf(x, offsets).flatMap((row) => columnsOf(row, softmaxOf)),
    ...common,
  },
  {
    kernel: jaggedLayerNorm,
    args: (rows, longest, width) => [...inputs(rows, longest, width), 1e-5],
    reference: (x: Matrix, offsets: Vector, eps: number) =>
      rowsOf(x, offsets).flatMap((row) => normalized(row, eps)),
    ...common,
  },
]

await runIfMain(import.meta.url, examples)
