/** Helion's kernels that go over rows or elements: losses, jagged tensors, quantisation, convolution. */
import { hl, type Tensor, type TileValue } from '../../../src/language/index.ts'
import {
  type Elements,
  each,
  integers,
  largest,
  logSumExp,
  numbers,
  type Port,
  sigmoid,
  sum,
} from './port.ts'

function add(x: Tensor, y: Tensor) {
  const shape = [hl.maximum(x.shape[0], y.shape[0]), x.shape[1]] as const
  const [a, b] = [x.expand(shape), y.expand(shape)]
  const out = hl.empty(shape)
  for (const tile of hl.tile(out.shape)) out.at(...tile).set(a.at(...tile).add(b.at(...tile)))
  return out
}

function batchSoftmax(x: Tensor) {
  const [b, m, n] = x.shape
  const rows = x.reshape([hl.mul(b, m), n])
  const out = hl.emptyLike(rows)
  for (const t of hl.tile(hl.mul(b, m))) {
    const values = rows.at(t, ':')
    const e = values.sub(values.amax(1).unsqueeze(1)).exp()
    out.at(t, ':').set(e.div(e.sum(1).unsqueeze(1)))
  }
  return out.reshape([b, m, n])
}

function concatenate(x: Tensor, y: Tensor) {
  const width = x.shape[1]
  const out = hl.empty([x.shape[0], hl.add(width, y.shape[1])])
  for (const [i, j] of hl.tile(out.shape)) {
    const isFirst = j.index.lt(width).unsqueeze(0)
    const left = hl.load(x, [i, j.index], { mask: isFirst })
    const right = hl.load(y, [i, j.index.sub(width)], { mask: isFirst.not() })
    out.at(i, j).set(hl.where(isFirst, left, right))
  }
  return out
}

function fp8GroupQuant(x: Tensor, group: number) {
  const [tokens, width] = x.shape
  const size = hl.specialize(group)
  const rows = x.reshape([-1, size])
  const [q, scales] = [hl.empty([rows.shape[0], size], 'f8e4m3'), hl.empty([rows.shape[0]])]
  for (const t of hl.tile(rows.shape[0])) {
    const values = rows.at(t, ':')
    const scale = values.abs().amax(-1).maximum(1e-10).div(448)
    q.at(t, ':').set(values.div(scale.unsqueeze(1)).clamp(-448, 448))
    scales.at(t).set(scale)
  }
  return [q.reshape([tokens, width]), scales]
}

function linearJsd(beta: number, temperature: number, student: Tensor, teacher: Tensor) {
  const [rows] = student.shape
  const [loss, grad] = [hl.empty([rows]), hl.emptyLike(student)]
  for (const t of hl.tile(rows)) {
    const [s, v] = [student.at(t, ':').div(temperature), teacher.at(t, ':').div(temperature)]
    const [p, q] = [s.softmax(-1), v.softmax(-1)]
    const mixed = p.mul(hl.sub(1, beta)).add(q.mul(beta))
    const ofStudent = p.mul(s.logSoftmax(-1).sub(mixed.log())).sum(-1)
    const ofTeacher = q.mul(v.logSoftmax(-1).sub(mixed.log())).sum(-1)
    loss.at(t).set(ofStudent.mul(hl.sub(1, beta)).add(ofTeacher.mul(beta)))
    grad.at(t, ':').set(p.sub(mixed).mul(hl.div(hl.sub(1, beta), temperature)))
  }
  return [loss.mean(), grad]
}

/** The loss, and the gradient in place of the logits. */
function linearCrossEntropy(logits: Tensor, targets: Tensor) {
  const [rows, vocabulary] = logits.shape
  const losses = hl.empty([rows])
  const grad = hl.emptyLike(logits)
  for (const row of hl.grid(rows)) {
    const target = targets.at(row)
    const [top, total] = [hl.full([], -Infinity), hl.zeros([])]
    for (const t of hl.tile(vocabulary)) {
      const block = logits.at(row, t)
      const next = hl.maximum(top, block.amax())
      total.assign(total.mul(top.sub(next).exp()).add(block.sub(next).exp().sum()))
      top.assign(next)
    }
    losses.at(row).set(top.add(total.log()).sub(logits.at(row, target)).div(rows))
    for (const t of hl.tile(vocabulary)) {
      const share = logits.at(row, t).sub(top).exp().div(total)
      grad.at(row, t).set(hl.where(t.index.eq(target), share.sub(1), share).div(rows))
    }
  }
  return [losses.sum(), grad]
}

/** A policy's loss with clipping and a penalty; the last position of each sequence has no label. */
function grpoLoss(
  all: Tensor,
  chosen: Tensor,
  old: Tensor,
  reference: Tensor,
  advantages: Tensor,
  temperature: number,
) {
  const [b, positions, v] = all.shape
  const length = hl.sub(positions, 1)
  const logits = all.slice(1, 0, length)
  const [loss, clipped] = [hl.empty([b, length]), hl.empty([b, length])]
  for (const [tb, tl] of hl.tile([b, length])) {
    const [top, total] = [hl.full([tb, tl], -Infinity), hl.zeros([tb, tl])]
    for (const tv of hl.tile(v)) {
      const block = logits.at(tb, tl, tv).div(temperature)
      const next = hl.maximum(top, block.amax(-1))
      total.assign(total.mul(top.sub(next).exp()).add(block.sub(next.unsqueeze(-1)).exp().sum(-1)))
      top.assign(next)
    }
    const logp = chosen.at(tb, tl).sub(top.add(total.log()))
    const ratio = logp.sub(old.at(tb, tl)).exp()
    const advantage = advantages.at(tb).unsqueeze(1)
    const [first, second] = [ratio.mul(advantage), ratio.clamp(0.8, 1.4).mul(advantage)]
    const apart = reference.at(tb, tl).sub(logp)
    const penalty = apart.exp().sub(apart).sub(1)
    loss.at(tb, tl).set(hl.minimum(first, second).neg().add(penalty.mul(0.04)))
    clipped.at(tb, tl).set(first.lt(second).to('f32'))
  }
  return [loss, clipped]
}

function jaggedDenseAdd(x: Tensor, offsets: Tensor, y: Tensor) {
  const [rows, width] = y.shape
  const out = hl.empty([rows, width])
  for (const row of hl.tile(rows)) {
    const begins = offsets.at(row)
    const counts = offsets.at(row.index.add(1)).sub(begins)
    const most = counts.amax()
    for (const t of hl.tile(0, most)) {
      const mask = t.index.unsqueeze(0).lt(counts.unsqueeze(1))
      const values = hl.load(x, [begins.unsqueeze(1).add(t.index.unsqueeze(0))], { mask })
      out.at(row, t).set(y.at(row, t).add(values))
    }
    for (const t of hl.tile(most, width)) out.at(row, t).set(y.at(row, t))
  }
  return out
}

/** Sums of rows with one id, by a scan within each tile. */
function segmentedReduction(ids: Tensor, x: Tensor, nodes: number) {
  const [elements, features] = x.shape
  const out = hl.zeros([hl.specialize(nodes), features])
  for (const [e, f] of hl.tile([elements, features])) {
    const own = ids.at(e)
    const next = hl.load(ids, [e.index.add(1)], { mask: e.index.lt(hl.sub(elements, 1)) })
    const values = x.at(e, f)
    const [sums] = hl.associativeScan(
      ([a, i], [b, j]) => [hl.where(i.eq(j), a.add(b), b), j],
      [values, own.unsqueeze(1).expand(values.shape)],
      0,
    )
    const isLast = own.ne(next).or(e.index.eq(e.end.sub(1)))
    hl.atomicAdd(out, [own, f], hl.where(isLast.unsqueeze(1), sums, 0))
  }
  return out
}

function causalConv1d(x: Tensor, weight: Tensor, bias: Tensor) {
  const [batch, channels, length] = x.shape
  const width = hl.specialize(weight.shape[1])
  const out = hl.emptyLike(x)
  for (const [b, d, s] of hl.tile([batch, channels, length], { blockSize: [1, null, null] })) {
    const acc = hl.zeros([d, s])
    acc.addAssign(bias.at(d).unsqueeze(1))
    for (const j of hl.staticRange(width)) {
      const source = s.index.add(j - width + 1)
      const values = hl.load(x, [b.begin, d, source], { mask: source.ge(0).unsqueeze(0) })
      acc.addAssign(values.mul(weight.at(d, j).unsqueeze(1)))
    }
    out.at(b, d, s).set(acc.unsqueeze(0))
  }
  return out
}

function swigluBackward(grad: Tensor, a: Tensor, b: Tensor) {
  const [gradA, gradB] = [hl.emptyLike(a), hl.emptyLike(b)]
  for (const tile of hl.tile(a.shape)) {
    const [g, gate] = [grad.at(...tile), a.at(...tile)]
    const s = gate.sigmoid()
    gradA.at(...tile).set(g.mul(b.at(...tile)).mul(s.mul(gate.mul(hl.sub(1, s)).add(1))))
    gradB.at(...tile).set(g.mul(gate.mul(s)))
  }
  return [gradA, gradB]
}

/** An epilogue that is a function among what the kernel closes over. */
function templateViaClosure(x: Tensor, y: Tensor, bias: Tensor) {
  const epilogue = (acc: TileValue, columns: TileValue): TileValue => acc.add(columns).relu()
  const [m, k] = x.shape
  const n = y.shape[1]
  const out = hl.empty([m, n])
  for (const [tm, tn] of hl.tile([m, n])) {
    const acc = hl.zeros([tm, tn])
    for (const tk of hl.tile(k)) acc.assign(hl.addmm(acc, x.at(tm, tk), y.at(tk, tn)))
    out.at(tm, tn).set(epilogue(acc, bias.at(tn)))
  }
  return out
}

function jaggedMean(x: Tensor, offsets: Tensor, features: Tensor) {
  const rows = hl.sub(offsets.shape[0], 1)
  const width = x.shape[1]
  const out = hl.zeros([rows, width])
  for (const b of hl.tile(rows)) {
    const [begins, ends] = [offsets.at(b), offsets.at(b.index.add(1))]
    for (const f of hl.tile(width)) {
      const isUsed = f.index.unsqueeze(0).lt(features.at(b).unsqueeze(1))
      const acc = hl.zeros([b, f])
      for (const t of hl.tile(begins, ends))
        acc.addAssign(hl.where(isUsed.unsqueeze(1), x.at(t, f), 0).sum(1))
      out.at(b, f).set(acc.div(ends.sub(begins).maximum(1).to('f32').unsqueeze(1)))
    }
  }
  return out
}

const e4m3 = (x: number): number => {
  const step = 2 ** (Math.max(-6, Math.floor(Math.log2(Math.abs(x) || 1e-30))) - 3)
  const [low, rest] = [Math.floor(x / step), x / step - Math.floor(x / step)]
  return step * (rest === 0.5 ? low + (low & 1) : Math.round(x / step))
}

export const ROWS: Readonly<Record<string, Port>> = {
  add: {
    kernel: add,
    args: [numbers([5, 7]), numbers([1, 7])],
    reference: (x: Elements, y: Elements) => each([5, 7], (i, j) => x(i, j) + y(0, j)),
  },
  batch_softmax: {
    kernel: batchSoftmax,
    args: [numbers([2, 3, 7])],
    reference: (x: Elements) =>
      each([2, 3, 7], (b, i, j) => Math.exp(x(b, i, j) - logSumExp(7, (p) => x(b, i, p)))),
  },
  concatenate: {
    kernel: concatenate,
    args: [numbers([5, 6]), numbers([5, 3])],
    reference: (x: Elements, y: Elements) => each([5, 9], (i, j) => (j < 6 ? x(i, j) : y(i, j - 6))),
  },
  fp8_group_quant: {
    kernel: fp8GroupQuant,
    args: [numbers([3, 12]), 4],
    reference: (x: Elements) => {
      const scale = (g: number): number =>
        Math.max(
          1e-10,
          largest(4, (p) => Math.abs(x(Math.floor(g / 3), (g % 3) * 4 + p))),
        ) / 448
      return [
        ...each([3, 12], (i, j) => e4m3(Math.max(-448, Math.min(448, x(i, j) / scale(i * 3 + (j >> 2)))))),
        ...each([9], scale),
      ]
    },
  },
  fused_linear_jsd: {
    kernel: linearJsd,
    args: [0.25, 2, numbers([4, 9]), { ...numbers([4, 9]), data: [...numbers([4, 9]).data].reverse() }],
    reference: (beta: number, temperature: number, s: Elements, v: Elements) => {
      const log = (x: Elements, i: number, j: number): number =>
        x(i, j) / temperature - logSumExp(9, (p) => x(i, p) / temperature)
      const [p, q] = [s, v].map((x) => (i: number, j: number) => Math.exp(log(x, i, j))) as [
        Elements,
        Elements,
      ]
      const mixed = (i: number, j: number): number => (1 - beta) * p(i, j) + beta * q(i, j)
      const term = (i: number, j: number): number =>
        (1 - beta) * p(i, j) * (log(s, i, j) - Math.log(mixed(i, j))) +
        beta * q(i, j) * (log(v, i, j) - Math.log(mixed(i, j)))
      const loss = sum(4, (i) => sum(9, (j) => term(i, j))) / 4
      return [loss, ...each([4, 9], (i, j) => ((1 - beta) / temperature) * (p(i, j) - mixed(i, j)))]
    },
  },
  fused_linear_cross_entropy: {
    kernel: linearCrossEntropy,
    args: [numbers([4, 9]), integers([0, 8, 3, 5])],
    reference: (x: Elements, targets: Elements) => {
      const log = (i: number, j: number): number => x(i, j) - logSumExp(9, (p) => x(i, p))
      const grad = each([4, 9], (i, j) => (Math.exp(log(i, j)) - (j === targets(i) ? 1 : 0)) / 4)
      return [sum(4, (i) => -log(i, targets(i)) / 4), ...grad]
    },
  },
  grpo_loss: {
    kernel: grpoLoss,
    args: [numbers([2, 4, 7]), numbers([2, 3]), numbers([2, 3]), numbers([2, 3]), numbers([2]), 0.9],
    reference: (all: Elements, chosen: Elements, old: Elements, ref: Elements, advantages: Elements) => {
      const parts = (b: number, l: number): readonly [number, number, number] => {
        const logp = chosen(b, l) - logSumExp(7, (v) => all(b, l, v) / 0.9)
        const ratio = Math.exp(logp - old(b, l))
        const [first, second] = [ratio, Math.min(1.4, Math.max(0.8, ratio))].map((r) => r * advantages(b))
        const apart = ref(b, l) - logp
        return [first ?? 0, second ?? 0, Math.exp(apart) - apart - 1]
      }
      return [
        ...each([2, 3], (b, l) => 0.04 * parts(b, l)[2] - Math.min(parts(b, l)[0], parts(b, l)[1])),
        ...each([2, 3], (b, l) => Number(parts(b, l)[0] < parts(b, l)[1])),
      ]
    },
    tolerance: 1e-3,
  },
  jagged_dense_add: {
    kernel: jaggedDenseAdd,
    args: [numbers([9]), integers([0, 3, 4, 9]), numbers([3, 7])],
    reference: (x: Elements, offsets: Elements, y: Elements) =>
      each([3, 7], (i, j) => y(i, j) + (offsets(i) + j < offsets(i + 1) ? x(offsets(i) + j) : 0)),
  },
  jagged_mean: {
    kernel: jaggedMean,
    args: [numbers([9, 6]), integers([0, 3, 4, 9]), integers([6, 2, 4])],
    reference: (x: Elements, offsets: Elements, features: Elements) =>
      each([3, 6], (b, f) => {
        const count = offsets(b + 1) - offsets(b)
        return f < features(b) ? sum(count, (t) => x(offsets(b) + t, f)) / count : 0
      }),
  },
  segment_reduction: {
    kernel: segmentedReduction,
    args: [integers([0, 0, 0, 1, 1, 3, 3, 3, 3, 3, 4]), numbers([11, 5]), 5],
    reference: (ids: Elements, x: Elements) =>
      each([5, 5], (node, f) => sum(11, (e) => (ids(e) === node ? x(e, f) : 0))),
  },
  causal_conv1d: {
    kernel: causalConv1d,
    args: [numbers([2, 3, 9]), numbers([3, 4]), numbers([3])],
    reference: (x: Elements, w: Elements, bias: Elements) =>
      each([2, 3, 9], (b, d, s) => bias(d) + sum(4, (j) => (s + j < 3 ? 0 : x(b, d, s + j - 3) * w(d, j)))),
  },
  swiglu_bwd: {
    kernel: swigluBackward,
    args: [numbers([4, 7]), numbers([4, 7]), numbers([4, 7])],
    reference: (g: Elements, a: Elements, b: Elements) => [
      ...each([4, 7], (i, j) => {
        const s = sigmoid(a(i, j))
        return g(i, j) * b(i, j) * s * (1 + a(i, j) * (1 - s))
      }),
      ...each([4, 7], (i, j) => g(i, j) * a(i, j) * sigmoid(a(i, j))),
    ],
  },
  template_via_closure: {
    kernel: templateViaClosure,
    args: [numbers([5, 9]), numbers([9, 6]), numbers([6])],
    reference: (x: Elements, y: Elements, bias: Elements) =>
      each([5, 6], (i, j) => Math.max(0, bias(j) + sum(9, (p) => x(i, p) * y(p, j)))),
  },
}
