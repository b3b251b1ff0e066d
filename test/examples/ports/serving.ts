/** Helion's kernels for serving: products and norms with scales, sums in parts, norms of ragged rows. */
import { hl, type Tensor, type Tile, type TileValue } from '../../../src/language/index.ts'
import { STORAGE } from '../../../src/support/storage_types.ts'
import { host } from '../../language/harness.ts'
import { type Elements, each, integers, largest, numbers, type Port, sum } from './port.ts'

type Epilogue = (acc: TileValue, tiles: readonly Tile[]) => TileValue

/** How long a part is follows from the dimension and the config. */
function matmulSplitK(x: Tensor, y: Tensor, epilogue: Epilogue) {
  const [m, k] = x.shape
  const n = y.shape[1]
  const out = hl.zeros([m, n])
  const parts = hl.registerTunable('split_k', hl.powerOf2(1, 8, 4))
  const length = hl.nextPowerOf2(hl.cdiv(k, parts))
  for (const [tm, tn, outer] of hl.tile([m, n, k], { blockSize: [null, null, length] })) {
    const acc = hl.zeros([tm, tn])
    for (const inner of hl.tile(outer.begin, outer.end))
      acc.assign(hl.addmm(acc, x.at(tm, inner), y.at(inner, tn)))
    const sums = hl.where(outer.begin.eq(0), epilogue(acc, [tm, tn]), acc)
    hl.atomicAdd(out, [tm, tn], sums)
  }
  return out
}

/** Scales for each row, or one for all of them. */
function scaledMm(a: Tensor, b: Tensor, scaleA: Tensor, scaleB: Tensor, bias?: Tensor) {
  const [m, k] = a.shape
  const n = b.shape[1]
  const out = hl.empty([m, n])
  const asColumn = (scale: Tensor): Tensor => (scale.ndim <= 1 ? scale.reshape([-1, 1]) : scale)
  const [rows, columns] = [asColumn(scaleA), asColumn(scaleB)]
  const along = (scale: Tensor, tile: Tile, count: number): TileValue =>
    hl.is(scale.shape[0] ?? 0, count) ? scale.at(tile, ':') : scale.at(0, 0).expand([tile.blockSize, 1])
  for (const [tm, tn] of hl.tile([m, n])) {
    const acc = hl.zeros([tm, tn])
    for (const tk of hl.tile(k)) acc.assign(hl.dot(a.at(tm, tk), b.at(tk, tn), acc))
    const scaled = along(columns, tn, n).T.mul(along(rows, tm, m).mul(acc))
    out.at(tm, tn).set(bias ? scaled.add(bias.at(tn)) : scaled)
  }
  return out
}

interface Quantised {
  readonly limit?: Tensor
  readonly residual?: Tensor
}

function rmsNormPerTokenQuant(
  input: Tensor,
  weight: Tensor,
  epsilon: number,
  { limit, residual }: Quantised,
) {
  const [tokens, width] = input.shape
  const hidden = hl.specialize(width)
  const result = hl.empty([tokens, width], 'i8')
  const scale = hl.empty([tokens, 1])
  for (const tm of hl.tile(tokens, { blockSize: 1 })) {
    const read = (tn: Tile): TileValue => {
      const x = input.at(tm, tn).to('f32')
      return residual ? x.add(residual.at(tm, tn)) : x
    }
    const squares = hl.zeros([tm])
    for (const tn of hl.tile(hidden)) squares.addAssign(read(tn).pow(2).sum(-1))
    const rms = hl.rsqrt(squares.mul(1 / hidden).add(epsilon))
    const normal = (tn: Tile): TileValue => read(tn).mul(rms.at(':', null)).mul(weight.at(null, tn))
    const top = hl.zeros([tm])
    for (const tn of hl.tile(hidden)) top.assign(hl.maximum(top, normal(tn).abs().amax(-1)))
    const limited = limit ? top.clamp(null, hl.load(limit, [])) : top
    const step = limited.mul(1 / 127).clamp(1 / (127 * 512))
    scale.at(tm, 0).set(step)
    for (const tn of hl.tile(hidden)) {
      const x = normal(tn)
      const quantised = x.mul(hl.div(1, step.at(':', null))).round()
      residual?.at(tm, tn).set(read(tn))
      result.at(tm, tn).set(quantised.clamp(-128, 127).to('i8'))
    }
  }
  return [result, scale]
}

/** By computed positions in memory, with a mask. */
function jaggedLayerNorm(values: Tensor, offsets: Tensor, eps: number) {
  const [total, m] = values.shape
  const out = hl.emptyLike(values)
  const [flat, flatOut] = [values.reshape([-1]), out.reshape([-1])]
  for (const tb of hl.tile(hl.sub(offsets.shape[0], 1))) {
    const starts = offsets.at(tb)
    const lengths = offsets.at(tb.index.add(1)).sub(starts)
    const longest = lengths.amax()
    const at = (tk: Tile, tm: Tile) => {
      const rows = starts.at(':', null).add(tk.index.at(null, ':'))
      const positions = rows
        .at(':', ':', null)
        .mul(m)
        .add(tm.index.at(null, null, ':'))
      const mask = tk.index.at(null, ':').lt(lengths.at(':', null)).at(':', ':', null)
      return { positions, mask, x: hl.load(flat, [positions], { mask }) }
    }
    const [sums, squares] = [hl.zeros([tb]), hl.zeros([tb])]
    for (const tm of hl.tile(m)) {
      const ofTile = hl.zeros([tb, tm])
      for (const tk of hl.tile(0, longest)) ofTile.addAssign(at(tk, tm).x.sum(1))
      sums.addAssign(ofTile.sum(1))
    }
    const count = lengths.to('f32').mul(m)
    const mean = sums.div(count)
    for (const tm of hl.tile(m)) {
      for (const tk of hl.tile(0, longest)) {
        const { x, mask } = at(tk, tm)
        const centred = hl.where(mask, x.sub(mean.at(':', null, null)), 0)
        squares.addAssign(centred.mul(centred).sum([1, 2]))
      }
    }
    const rstd = hl.rsqrt(squares.div(count).add(eps))
    for (const tm of hl.tile(m)) {
      for (const tk of hl.tile(0, longest)) {
        const { x, mask, positions } = at(tk, tm)
        const normal = x.sub(mean.at(':', null, null)).mul(rstd.at(':', null, null))
        hl.store(flatOut, [positions], hl.where(mask, normal, 0), { mask })
      }
    }
  }
  return out.reshape([total, m])
}

const OFFSETS = [0, 3, 3, 7, 11]
const EPS = 1e-5
/** Halves are rounded alike however they were computed. */
const WIDTH = 12

const product = (a: Elements, b: Elements, k: number): Elements => {
  return (i, j) => sum(k, (p) => a(i, p) * b(p, j))
}

const few = (shape: readonly number[]) => {
  const { data, ...rest } = numbers(shape, 'f8e4m3')
  return { ...rest, data: data.map(STORAGE.f8e4m3.round) }
}

export const SERVING: Readonly<Record<string, Port>> = {
  matmul_split_k: {
    kernel: matmulSplitK,
    args: [numbers([5, 20]), numbers([20, 6]), (acc: TileValue) => acc.add(1)],
    reference: (x: Elements, y: Elements) => each([5, 6], (i, j) => 1 + product(x, y, 20)(i, j)),
  },
  scaled_mm: {
    kernel: scaledMm,
    args: [few([5, 7]), few([7, 6]), numbers([5]), numbers([6, 1]), numbers([6])],
    reference: (a: Elements, b: Elements, rows: Elements, columns: Elements, bias: Elements) =>
      each([5, 6], (i, j) => columns(j, 0) * rows(i) * product(a, b, 7)(i, j) + bias(j)),
  },
  scaled_mm_of_one_scale: {
    kernel: scaledMm,
    args: [few([5, 7]), few([7, 6]), host([1, 1], [0.5]), host([1], [3])],
    reference: (a: Elements, b: Elements) => each([5, 6], (i, j) => 1.5 * product(a, b, 7)(i, j)),
  },
  rms_norm_dynamic_per_token_quant: {
    kernel: rmsNormPerTokenQuant,
    args: [numbers([5, WIDTH]), numbers([WIDTH]), EPS, { residual: numbers([5, WIDTH]) }],
    reference(x: Elements, weight: Elements) {
      const read: Elements = (i, j) => 2 * x(i, j)
      const rms = (i: number): number => Math.sqrt(sum(WIDTH, (j) => read(i, j) ** 2) / WIDTH + EPS)
      const normal: Elements = (i, j) => (read(i, j) / rms(i)) * weight(j)
      const step = (i: number): number => largest(WIDTH, (j) => Math.abs(normal(i, j))) / 127
      const quantised = each([5, WIDTH], (i, j) => Math.round(normal(i, j) / step(i)))
      return [...quantised, ...each([5, 1], (i) => step(i))]
    },
  },
  jagged_layer_norm: {
    kernel: jaggedLayerNorm,
    args: [numbers([11, 5]), integers(OFFSETS), EPS],
    reference: (x: Elements) =>
      OFFSETS.slice(1).flatMap((end, b) => {
        const begin = OFFSETS[b] ?? 0
        const count = (end - begin) * 5
        const mean = sum(count, (i) => x(begin + Math.floor(i / 5), i % 5)) / count
        const variance = sum(count, (i) => (x(begin + Math.floor(i / 5), i % 5) - mean) ** 2) / count
        return each([end - begin, 5], (i, j) => (x(begin + i, j) - mean) / Math.sqrt(variance + EPS))
      }),
    tolerance: 1e-3,
  },
}
