/** Helion's products: quantised, gathered, batched, jagged, and with much around them. */
import { hl, type Tensor, type TileValue } from '../../../src/language/index.ts'
import { host } from '../../language/harness.ts'
import { type Elements, each, integers, numbers, type Port, sigmoid, silu, sum, whole } from './port.ts'

/** Two values of four bits in each byte of `[k / 2, n]` as `[k, n]`. */
function unpacked(bytes: TileValue): TileValue {
  return hl.stack([bytes.shl(28).shr(28).to('f32'), bytes.shr(4).to('f32')], 1)
}

function int4Gemm(a: Tensor, b: Tensor) {
  const [m, k] = a.shape
  const n = b.shape[1]
  const half = hl.floorDiv(k, 2)
  const block = hl.registerBlockSize(half)
  const out = hl.zeros([m, n], 'bf16')
  for (const [tm, tn] of hl.tile([m, n])) {
    const acc = hl.zeros([tm, tn])
    for (const tk of hl.tile(half, { blockSize: block })) {
      const columns = hl.range(tk.begin.mul(2), tk.begin.add(block).mul(2))
      const weights = unpacked(b.at(tk, tn)).reshape([tk.blockSize.mul(2), tn])
      acc.assign(hl.dot(a.at(tm, columns), weights, acc))
    }
    out.at(tm, tn).set(acc.to('bf16'))
  }
  return out
}

function int4GemmSplit(a: Tensor, b: Tensor, scales: Tensor) {
  const [m, k] = a.shape
  const n = b.shape[1]
  const half = hl.floorDiv(k, 2)
  const out = hl.zeros([m, n])
  const parts = hl.registerTunable('split_k', hl.powerOf2(1, 4))
  const size = hl.cdiv(half, parts)
  for (const [tm, tn, part] of hl.tile([m, n, parts], { blockSize: [null, null, 1] })) {
    const acc = hl.zeros([tm, tn])
    const begin = part.begin.mul(size)
    for (const tk of hl.tile(begin, hl.minimum(begin.add(size), half))) {
      const rows = hl.arange(tk.blockSize.mul(2)).add(tk.begin.mul(2))
      const weights = unpacked(b.at(tk, tn)).reshape([-1, tn])
      const scaled = weights.mul(scales.at(rows.floorDiv(4), tn))
      acc.assign(hl.addmm(acc, a.at(tm, rows), scaled))
    }
    out.at(tm, tn).atomicAdd(acc)
  }
  return out
}

const nibble = (b: Elements, k: number, n: number): number =>
  k % 2 === 0 ? (b(k >> 1, n) << 28) >> 28 : b(k >> 1, n) >> 4

function int4GemmSilu(a: Tensor, b: Tensor, scales: Tensor) {
  const [m] = a.shape
  const [half, n] = b.shape
  const out = hl.empty([m, n])
  for (const [tm, tn] of hl.tile([m, n])) {
    const acc = hl.zeros([tm, tn])
    for (const tk of hl.tile(half, { blockSize: 2 })) {
      const weights = unpacked(b.at(tk, tn)).reshape([4, tn])
      const scaled = weights.mul(scales.at(tk.begin.mul(2).floorDiv(4), tn).unsqueeze(0))
      acc.assign(hl.addmm(acc, a.at(tm, hl.arange(4).add(tk.begin.mul(2))), scaled))
    }
    out.at(tm, tn).set(acc.silu())
  }
  return out
}

function fp8Blockwise(x: Tensor, w: Tensor, xScale: Tensor, wScale: Tensor) {
  const [m, k] = x.shape
  const [n] = w.shape
  const out = hl.empty([m, n])
  for (const [tm, tn] of hl.tile([m, n], { blockSize: [4, 4] })) {
    const acc = hl.zeros([tm, tn])
    for (const tk of hl.tile(k, { blockSize: 4 })) {
      const product = hl.dot(x.at(tm, tk).to('f32'), w.at(tn, tk).to('f32').transpose(0, 1))
      acc.addAssign(product.mul(xScale.at(tm.id, tk.id).mul(wScale.at(tn.id, tk.id))))
    }
    out.at(tm, tn).set(acc)
  }
  return out
}

function blockScaled(x: Tensor, xScale: Tensor, y: Tensor, yScale: Tensor) {
  const [m, k] = x.shape
  const n = y.shape[1]
  const out = hl.empty([m, n])
  for (const [tm, tn] of hl.tile([m, n])) {
    const acc = hl.zeros([tm, tn])
    for (const tk of hl.tile(k)) {
      const group = tk.index.floorDiv(4)
      const [left, right] = [xScale.at(tm, group), yScale.at(tn, group)].map((s) =>
        s.to('f32').sub(127).exp2(),
      )
      if (left && right) acc.addDot(x.at(tm, tk).mul(left), y.at(tk, tn).mul(right.T))
    }
    out.at(tm, tn).set(acc)
  }
  return out
}

/** Groups of rows that workers share out; what a worker does is computed on the device. */
function fp8RowwiseGrouped(a: Tensor, b: Tensor, sizes: Tensor, aScale: Tensor, bScale: Tensor) {
  const [m, k] = a.shape
  const groups = sizes.shape[0]
  const n = hl.floorDiv(b.shape[0], groups)
  const [bm, bn] = [hl.registerBlockSize(4, 8), hl.registerBlockSize(4, 8)]
  const out = hl.zeros([m, n])
  const workers = 3
  for (const worker of hl.grid(workers)) {
    const start = hl.zeros([], 'i32')
    for (const g of hl.grid(groups)) {
      const size = sizes.at(g)
      const end = start.add(size)
      const offset = g.mul(n)
      const tilesOfRows = hl.floorDiv(size.add(bm).sub(1), bm)
      const tiles = tilesOfRows.mul(hl.cdiv(n, bn))
      for (const local of hl.grid(tiles)) {
        const tile = local.mul(workers).add(worker)
        hl.when(tile.lt(tiles), () => {
          const rows = start.add(tile.mod(tilesOfRows).mul(bm)).add(hl.arange(bm))
          const columns = offset.add(tile.floorDiv(tilesOfRows).mul(bn)).add(hl.arange(bn))
          const [inRows, inColumns] = [rows.lt(end), columns.lt(offset.add(n))]
          const acc = hl.zeros([bm, bn])
          for (const tk of hl.tile(k)) {
            const left = hl.load(a, [rows, tk], { mask: inRows.unsqueeze(1) })
            const right = hl.load(b, [columns, tk], { mask: inColumns.unsqueeze(1) })
            acc.assign(hl.dot(left, right.transpose(0, 1), acc))
          }
          const scaled = acc
            .mul(hl.load(aScale, [rows], { mask: inRows }).unsqueeze(1))
            .mul(hl.load(bScale, [columns], { mask: inColumns }).unsqueeze(0))
          const mask = inRows.unsqueeze(1).and(inColumns.unsqueeze(0))
          hl.store(out, [rows, columns.sub(offset)], scaled, { mask })
        })
      }
      start.assign(end)
    }
  }
  return out
}

function swigluGemm(x: Tensor, gate: Tensor, up: Tensor) {
  const [m, k] = x.shape
  const out = hl.empty([m, gate.shape[1]])
  for (const [tm, tn] of hl.tile([m, gate.shape[1]])) {
    const [g, u] = [hl.zeros([tm, tn]), hl.zeros([tm, tn])]
    for (const tk of hl.tile(k)) {
      const rows = x.at(tm, tk)
      g.addDot(rows, gate.at(tk, tn))
      u.addDot(rows, up.at(tk, tn))
    }
    out.at(tm, tn).set(g.silu().mul(u))
  }
  return out
}

function squeezeAndExcitation(x: Tensor, a: Tensor, b: Tensor) {
  const [m, n] = x.shape
  const k = a.shape[1]
  const [out, c, d] = [hl.empty([m, n]), hl.empty([m, k]), hl.empty([m, n])]
  for (const tm of hl.tile(m)) {
    for (const tk of hl.tile(k)) c.at(tm, tk).set(x.at(tm, ':').dot(a.at(':', tk)).relu())
    for (const tn of hl.tile(n)) {
      const acc = hl.zeros([tm, tn])
      for (const tk of hl.tile(k)) acc.assign(hl.addmm(acc, c.at(tm, tk), b.at(tk, tn)))
      d.at(tm, tn).set(acc.sigmoid())
      out.at(tm, tn).set(x.at(tm, tn).mul(d.at(tm, tn)))
    }
  }
  return [out, c, d]
}

function squeezeAndExcitationBackward(grad: Tensor, x: Tensor, a: Tensor, b: Tensor, c: Tensor, d: Tensor) {
  const [m, n] = x.shape
  const k = a.shape[1]
  const [gradB, gradC, gradX] = [hl.empty([m, n]), hl.empty([m, k]), hl.empty([m, n])]
  for (const at of hl.tile([m, n])) {
    const value = d.at(...at)
    gradB.at(...at).set(
      grad
        .at(...at)
        .mul(x.at(...at))
        .mul(value)
        .mul(hl.sub(1, value)),
    )
  }
  hl.barrier()
  for (const [tm, tk] of hl.tile([m, k])) {
    const acc = hl.zeros([tm, tk])
    for (const tn of hl.tile(n)) acc.assign(hl.addmm(acc, gradB.at(tm, tn), b.at(tk, tn).T))
    gradC.at(tm, tk).set(acc.mul(c.at(tm, tk).gt(0).to('f32')))
  }
  hl.barrier()
  for (const [tm, tn] of hl.tile([m, n])) {
    const acc = hl.zeros([tm, tn])
    for (const tk of hl.tile(k)) acc.assign(hl.addmm(acc, gradC.at(tm, tk), a.at(tn, tk).T))
    gradX.at(tm, tn).set(grad.at(tm, tn).mul(d.at(tm, tn)).add(acc))
  }
  return gradX
}

function jaggedDenseBmm(offsets: Tensor, x: Tensor, w: Tensor, bias: Tensor) {
  const [length, d] = x.shape
  const k = w.shape[2]
  const out = hl.empty([length, k])
  for (const b of hl.tile(w.shape[0])) {
    for (const t of hl.tile(offsets.at(b), offsets.at(b.index.add(1)))) {
      for (const tk of hl.tile(k)) {
        const acc = hl.zeros([b, t, tk])
        for (const td of hl.tile(d)) acc.addDot(x.at(t, td), w.at(b, td, tk))
        out.at(t, tk).set(acc.add(bias.at(b, tk).unsqueeze(1)))
      }
    }
  }
  return out
}

function gatherGemv(w: Tensor, ids: Tensor, x: Tensor) {
  const [batch, s] = w.shape
  const out = hl.empty([ids.shape[0], s])
  const wrapped = hl.where(ids.lt(0), ids.add(batch), ids)
  for (const [i, j] of hl.tile([ids.shape[0], s])) {
    const acc = hl.zeros([i, j])
    for (const k of hl.tile(s)) {
      const product = w.at(wrapped.at(i), j, k).to('f32').mul(x.at(k))
      acc.addAssign(product.sum(-1))
    }
    out.at(i, j).set(acc)
  }
  return out
}

function splitKBarrier(a: Tensor, b: Tensor) {
  const [m, k] = a.shape
  const n = b.shape[1]
  const parts = hl.registerTunable('split_k', hl.powerOf2(2, 8))
  const size = hl.cdiv(k, parts)
  const partial = hl.empty([m, n, parts])
  const out = hl.empty([m, n])
  for (const [tm, tn, part] of hl.tile([m, n, parts], { blockSize: [null, null, 1] })) {
    const acc = hl.zeros([tm, tn])
    const begin = part.begin.mul(size)
    for (const tk of hl.tile(begin, hl.minimum(begin.add(size), k)))
      acc.assign(hl.addmm(acc, a.at(tm, tk), b.at(tk, tn)))
    partial.at(tm, tn, part.id).set(acc)
  }
  hl.barrier()
  for (const [tm, tn] of hl.tile([m, n])) out.at(tm, tn).set(partial.at(tm, tn, ':').sum(-1))
  return out
}

function matmulLayerNorm(x: Tensor, w: Tensor, weight: Tensor, bias: Tensor) {
  const [m, k] = x.shape
  const n = hl.specialize(w.shape[1])
  const out = hl.empty([m, n])
  for (const tm of hl.tile(m)) {
    const acc = hl.zeros([tm, n])
    for (const tk of hl.tile(k)) acc.assign(hl.addmm(acc, x.at(tm, tk), w.at(tk, ':')))
    const center = acc.sub(acc.mean(-1, { keepdim: true }))
    const scale = center.square().mean(-1, { keepdim: true }).add(1e-5).rsqrt()
    out.at(tm, ':').set(center.mul(scale).mul(weight.at(':')).add(bias.at(':')))
  }
  return out
}

const bytes = host([11, 7], (i) => ((i * 37) % 256) - 128, 'i8')
const product = (m: number, k: number, n: number, x: Elements, w: Elements): readonly number[] =>
  each([m, n], (i, j) => sum(k, (p) => x(i, p) * w(p, j)))

export const PRODUCTS: Readonly<Record<string, Port>> = {
  int4_gemm: {
    kernel: int4Gemm,
    args: [numbers([5, 22]), bytes],
    reference: (a: Elements, b: Elements) => product(5, 22, 7, a, (p, j) => nibble(b, p, j)),
    tolerance: 0.01,
  },
  int4_gemm_v2: {
    kernel: int4GemmSplit,
    args: [numbers([5, 22]), bytes, numbers([6, 7])],
    reference: (a: Elements, b: Elements, scales: Elements) =>
      product(5, 22, 7, a, (p, j) => nibble(b, p, j) * scales(p >> 2, j)),
  },
  int4_gemm_silu: {
    kernel: int4GemmSilu,
    args: [numbers([5, 22]), bytes, numbers([6, 7])],
    reference: (a: Elements, b: Elements, scales: Elements) =>
      product(5, 22, 7, a, (p, j) => nibble(b, p, j) * scales(p >> 2, j)).map(silu),
  },
  fp8_gemm_blockwise: {
    kernel: fp8Blockwise,
    args: [numbers([6, 10], 'f8e4m3'), numbers([7, 10], 'f8e4m3'), numbers([2, 3]), numbers([2, 3])],
    reference: (x: Elements, w: Elements, xs: Elements, ws: Elements) =>
      each([6, 7], (i, j) => sum(10, (p) => x(i, p) * w(j, p) * xs(i >> 2, p >> 2) * ws(j >> 2, p >> 2))),
  },
  block_scaled_matmul: {
    kernel: blockScaled,
    args: [
      numbers([6, 8], 'f8e4m3'),
      host([6, 2], (i) => 126 + (i % 3), 'u8'),
      numbers([8, 7], 'f8e4m3'),
      host([7, 2], (i) => 127 - (i % 3), 'u8'),
    ],
    reference: (x: Elements, xs: Elements, y: Elements, ys: Elements) =>
      each([6, 7], (i, j) => sum(8, (p) => x(i, p) * y(p, j) * 2 ** (xs(i, p >> 2) + ys(j, p >> 2) - 254))),
  },
  fp8_gemm_rowwise_grouped: {
    kernel: fp8RowwiseGrouped,
    args: [
      numbers([9, 5], 'f8e4m3'),
      numbers([18, 5], 'f8e4m3'),
      integers([3, 0, 6]),
      numbers([9]),
      numbers([18]),
    ],
    reference: (a: Elements, b: Elements, _sizes: Elements, as: Elements, bs: Elements) =>
      each([9, 6], (i, j) => {
        const row = (i < 3 ? 0 : 12) + j
        return as(i) * bs(row) * sum(5, (p) => a(i, p) * b(row, p))
      }),
  },
  fused_swiglu_gemm: {
    kernel: swigluGemm,
    args: [numbers([5, 9]), numbers([9, 6]), numbers([9, 6])],
    reference: (x: Elements, g: Elements, u: Elements) => {
      const up = product(5, 9, 6, x, u)
      return product(5, 9, 6, x, g).map((value, i) => silu(value) * (up[i] ?? 0))
    },
  },
  squeeze_and_excitation_net: {
    kernel: squeezeAndExcitation,
    args: [numbers([5, 6]), numbers([6, 3]), numbers([3, 6])],
    reference: (x: Elements, a: Elements, b: Elements) => {
      const c = product(5, 6, 3, x, a).map((value) => Math.max(0, value))
      const d = product(5, 3, 6, (i, p) => c[i * 3 + p] ?? 0, b).map(sigmoid)
      return [...d.map((value, i) => value * x(Math.floor(i / 6), i % 6)), ...c, ...d]
    },
  },
  squeeze_and_excitation_net_bwd_dx: {
    kernel: squeezeAndExcitationBackward,
    args: [
      numbers([5, 6]),
      numbers([5, 6]),
      numbers([6, 3]),
      numbers([3, 6]),
      numbers([5, 3]),
      numbers([5, 6]),
    ],
    reference: (g: Elements, x: Elements, a: Elements, b: Elements, c: Elements, d: Elements) => {
      const inner = (i: number, j: number): number => g(i, j) * x(i, j) * d(i, j) * (1 - d(i, j))
      const gradC = (i: number, p: number): number => (c(i, p) > 0 ? sum(6, (j) => inner(i, j) * b(p, j)) : 0)
      return each([5, 6], (i, j) => g(i, j) * d(i, j) + sum(3, (p) => gradC(i, p) * a(j, p)))
    },
  },
  jagged_dense_bmm: {
    kernel: jaggedDenseBmm,
    args: [integers([0, 3, 4, 9]), numbers([9, 5]), numbers([3, 5, 6]), numbers([3, 6])],
    reference: (_offsets: Elements, x: Elements, w: Elements, bias: Elements) =>
      each([9, 6], (i, j) => {
        const b = i < 3 ? 0 : i < 4 ? 1 : 2
        return bias(b, j) + sum(5, (p) => x(i, p) * w(b, p, j))
      }),
  },
  gather_gemv: {
    kernel: gatherGemv,
    args: [whole([3, 5, 5], 11, 'i8'), integers([2, -3, 1, -1]), numbers([5])],
    reference: (w: Elements, ids: Elements, x: Elements) =>
      each([4, 5], (i, j) => sum(5, (k) => w((ids(i) + 3) % 3, j, k) * x(k))),
  },
  split_k_barrier: {
    kernel: splitKBarrier,
    args: [numbers([5, 21]), numbers([21, 6])],
    reference: (a: Elements, b: Elements) => product(5, 21, 6, a, b),
  },
  matmul_layernorm: {
    kernel: matmulLayerNorm,
    args: [numbers([5, 9]), numbers([9, 6]), numbers([6]), numbers([6])],
    reference: (x: Elements, w: Elements, weight: Elements, bias: Elements) => {
      const at = product(5, 9, 6, x, w)
      return each([5, 6], (i, j) => {
        const row = at.slice(i * 6, i * 6 + 6)
        const mean = sum(6, (p) => row[p] ?? 0) / 6
        const variance = sum(6, (p) => ((row[p] ?? 0) - mean) ** 2) / 6
        return (((row[j] ?? 0) - mean) / Math.sqrt(variance + 1e-5)) * weight(j) + bias(j)
      })
    },
  },
}
