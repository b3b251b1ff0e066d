/** Helion's kernels on numbers of few bits: four-bit floats, scales for groups, scales in four bytes. */
import { hl, type Tensor, type TileValue } from '../../../src/language/index.ts'
import { host } from '../../language/harness.ts'
import { type Elements, each, largest, numbers, type Port, silu, sum, whole } from './port.ts'

/** Four bits as a float of one sign, two exponent bits and one of the mantissa. */
function fp4(bits: TileValue): TileValue {
  const [exponent, mantissa] = [bits.shr(1).bitAnd(3).to('f32'), bits.bitAnd(1).to('f32').mul(0.5)]
  const large = mantissa.add(1).mul(exponent.sub(1).exp2())
  const magnitude = hl.where(exponent.eq(0), mantissa, large)
  return hl.where(bits.bitAnd(8).ne(0), magnitude.neg(), magnitude)
}

/** Where the scale of a row and a group lies: tiles of 128 rows by 4 groups. */
function swizzled(row: TileValue, group: TileValue, groups: number): TileValue {
  const tile = row.floorDiv(128).mul(hl.cdiv(groups, 4)).add(group.floorDiv(4)).mul(512)
  return tile.add(row.mod(32).mul(16)).add(row.mod(128).floorDiv(32).mul(4)).add(group.mod(4))
}

function nvfp4Gemm(a: Tensor, b: Tensor, scales: Tensor, alpha: number) {
  const [m, groups] = a.shape
  const n = b.shape[2]
  const out = hl.empty([m, n], 'bf16')
  for (const [tm, tn] of hl.tile([m, n])) {
    const acc = hl.zeros([tm, tn])
    for (const tk of hl.tile(groups)) {
      const scale = scales.at(swizzled(tn.index.at(null, ':'), tk.index.at(':', null), groups)).to('f32')
      for (const byte of hl.staticRange(8)) {
        const pair = b.at(tk, byte, tn)
        const [low, high] = [fp4(pair.bitAnd(15)), fp4(pair.shr(4))]
        const first = a
          .at(tm, tk, byte * 2)
          .unsqueeze(2)
          .mul(low.unsqueeze(0))
        const second = a
          .at(tm, tk, byte * 2 + 1)
          .unsqueeze(2)
          .mul(high.unsqueeze(0))
        acc.assign(acc.add(first.add(second).mul(scale.unsqueeze(0)).sum(1)))
      }
    }
    out.at(tm, tn).set(acc.mul(alpha))
  }
  return out
}

function bf16xInt16(x: Tensor, w: Tensor) {
  const [m, k] = x.shape
  const n = w.shape[1]
  const out = hl.empty([m, n], 'bf16')
  for (const [tm, tn] of hl.tile([m, n])) {
    const acc = hl.zeros([tm, tn], 'f32')
    for (const tk of hl.tile(k)) acc.assign(hl.dot(x.at(tm, tk), w.at(tk, tn).to('bf16'), acc))
    out.at(tm, tn).set(acc.to('bf16'))
  }
  return out
}

/** Exponents of the scales of four groups in one number. */
function packedScales(x: Tensor, q: Tensor, scales: Tensor, group: number) {
  const [tokens, width] = x.shape
  const size = hl.specialize(group)
  const groups = hl.floorDiv(width, size)
  const packed = hl.specialize(scales.shape[1])
  const [input, output] = [x.reshape([tokens, -1, size]), q.reshape([tokens, -1, size])]
  const tiles = hl.tile([tokens, packed, size], { blockSize: [1, null, size] })
  for (const [tm, tg, tn] of tiles) {
    const acc = hl.zeros([tm, tg], 'i32')
    for (const i of hl.staticRange(4)) {
      const at = tg.index.mul(4).add(i)
      const isGroup = at.lt(groups)
      const mask = isGroup.at(null, ':', null)
      const values = hl.load(input, [tm, at, tn], { mask }).to('f32')
      const exponent = values.abs().amax(-1).clamp(1e-10).div(448).clamp(1e-10).log2().ceil()
      const byte = hl.where(isGroup.at(null, ':'), exponent.to('i32').add(127), 0)
      acc.assign(acc.bitOr(byte.shl(i * 8)))
      const scaled = values.div(exponent.exp2().at(':', ':', null)).clamp(-448, 448)
      hl.store(output, [tm, at, tn], scaled.to(q.dtype), { mask })
    }
    scales.at(tm, tg).set(acc)
  }
  return scales
}

function rmsNormBlockQuant(
  result: Tensor,
  x: Tensor,
  weight: Tensor,
  scales: Tensor,
  eps: number,
  most: Tensor,
  residual: Tensor,
  group: number,
) {
  const [tokens, hidden] = x.shape
  const [size, groups, width] = [
    hl.specialize(group),
    hl.specialize(scales.shape[1]),
    hl.specialize(hidden),
  ] as const
  for (const tm of hl.tile(tokens, { blockSize: 1 })) {
    const rms = hl.zeros([tm])
    for (const tn of hl.tile(hidden)) {
      const block = x.at(tm, tn).to('f32').add(residual.at(tm, tn))
      rms.assign(rms.add(block.pow(2).sum(-1)))
    }
    rms.assign(
      rms
        .mul(1 / width)
        .add(eps)
        .rsqrt(),
    )
    const m = tm.begin.add(hl.arange(tm.blockSize)).at(':', null, null)
    for (const [tg, tn] of hl.tile([groups, size], { blockSize: [null, size] })) {
      const n = tg.index.at(':', null).mul(size).add(tn.index.at(null, ':')).at(null, ':', ':')
      const mask = tg.index.lt(groups).at(null, ':', null)
      const block = hl
        .load(x, [m, n], { mask })
        .to('f32')
        .add(hl.load(residual, [m, n], { mask }))
      const normal = block.mul(rms.at(':', null, null)).mul(hl.load(weight, [n], { mask }))
      const scale = normal
        .abs()
        .amax(-1)
        .clamp(null, hl.load(most, []))
        .mul(1 / 448)
        .clamp(1e-6)
      scales.at(tm, tg).set(scale)
      const quantised = normal.div(scale.at(':', ':', null)).clamp(-448, 448)
      hl.store(result, [m, n], quantised.to(result.dtype), { mask })
      hl.store(residual, [m, n], block, { mask })
    }
  }
  return [scales, residual]
}

/** Gates and values lie in turns along the columns of the product. */
function interleavedSwiglu(x: Tensor, w: Tensor) {
  const [m, k] = x.shape
  const [heads, , columns] = w.shape
  const out = hl.empty([heads, m, hl.floorDiv(columns, 2)], x.dtype)
  const block = hl.registerBlockSize(2, columns)
  const half = hl.floorDiv(block, 2)
  for (const [th, tm, td] of hl.tile([heads, m, columns], { blockSize: [null, null, block] })) {
    const acc = hl.zeros([th, tm, td])
    for (const tk of hl.tile(k)) acc.assign(hl.dot(x.at(tm, tk), w.at(th, tk, td), acc))
    const [gate, value] = hl.split(acc.reshape([th, tm, half, 2]))
    const [even] = hl.split(td.index.reshape([half, 2]))
    const place = even.floorDiv(2)
    const result = gate.mul(gate.sigmoid()).mul(value)
    out.at(th.index.at(':', null, null), tm.index.at(null, ':', null), place.at(null, null, ':')).set(result)
  }
  return out
}

const FP4 = [0, 0.5, 1, 1.5, 2, 3, 4, 6]
const fp4Of = (bits: number): number => (bits & 8 ? -1 : 1) * (FP4[bits & 7] ?? 0)

export const QUANTISED: Readonly<Record<string, Port>> = {
  nvfp4_gemm: {
    kernel: nvfp4Gemm,
    args: [
      numbers([3, 2, 16], 'bf16'),
      whole([2, 8, 5], 251, 'u8'),
      host([512], (i) => ((i * 7) % 5) / 2, 'f8e4m3'),
      0.5,
    ],
    reference: (a: Elements, b: Elements, scales: Elements, alpha: number) =>
      each([3, 5], (i, j) => {
        const term = (g: number, p: number): number =>
          a(i, g, p) * fp4Of(b(g, p >> 1, j) >> (4 * (p & 1))) * scales(j * 16 + g)
        return alpha * sum(2, (g) => sum(16, (p) => term(g, p)))
      }),
    tolerance: 1e-2,
  },
  bf16xint16_gemm: {
    kernel: bf16xInt16,
    args: [numbers([5, 7], 'bf16'), host([7, 6], (i) => ((i * 37) % 200) - 100, 'i16')],
    reference: (x: Elements, w: Elements) => each([5, 6], (i, j) => sum(7, (p) => x(i, p) * w(p, j))),
    tolerance: 1e-2,
  },
  per_token_group_fp8_quant_packed: {
    kernel: packedScales,
    // No largest element is 448 times a power of two: quotients of GPUs are not exact.
    args: [
      host([3, 24], (i) => (((i * 29) % 23) - 11) / 10),
      host([3, 24], () => 0, 'f8e4m3'),
      host([3, 2], () => 0, 'i32'),
      4,
    ],
    reference: (x: Elements) =>
      each([3, 2], (t, p) => {
        const byte = (g: number): number => {
          if (g >= 6) return 0
          const top = largest(4, (i) => Math.abs(x(t, g * 4 + i)))
          return Math.ceil(Math.log2(Math.max(1e-10, top) / 448)) + 127
        }
        return [0, 1, 2, 3].reduce((word, i) => word | (byte(p * 4 + i) << (8 * i)), 0)
      }),
  },
  rms_norm_per_block_quant: {
    kernel: rmsNormBlockQuant,
    args: [
      host([3, 16], () => 0, 'f8e4m3'),
      numbers([3, 16]),
      numbers([16]),
      host([3, 4], () => 0),
      1e-6,
      host([], [1.5]),
      numbers([3, 16]),
      4,
    ],
    reference: (
      _result: Elements,
      x: Elements,
      w: Elements,
      _scales: Elements,
      eps: number,
      most: Elements,
      residual: Elements,
    ) => {
      const block: Elements = (t = 0, i = 0) => x(t, i) + residual(t, i)
      const rms = (t: number): number => 1 / Math.sqrt(sum(16, (i) => block(t, i) ** 2) / 16 + eps)
      const top = (t: number, g: number): number =>
        largest(4, (i) => Math.abs(block(t, g * 4 + i) * rms(t) * w(g * 4 + i)))
      return [
        ...each([3, 4], (t, g) => Math.max(1e-6, Math.min(most(), top(t, g)) / 448)),
        ...each([3, 16], block),
      ]
    },
  },
  interleaved_swiglu: {
    kernel: interleavedSwiglu,
    args: [numbers([5, 7]), numbers([2, 7, 6])],
    reference: (x: Elements, w: Elements) =>
      each([2, 5, 3], (h, i, j) => {
        const column = (at: number): number => sum(7, (p) => x(i, p) * w(h, p, at))
        return silu(column(2 * j)) * column(2 * j + 1)
      }),
  },
}
