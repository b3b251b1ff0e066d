/** Helion's losses and norms, forward and backward, that `examples/` has in other forms. */
import { hl, type Tensor } from '../../../src/language/index.ts'
import { host } from '../../language/harness.ts'
import { type Elements, each, integers, numbers, type Port, sum } from './port.ts'

/** The last position of each sequence has no label; old probabilities may be the present ones. */
function grpoBackward(
  grad: Tensor,
  all: Tensor,
  chosen: Tensor,
  ids: Tensor,
  { old }: { readonly old?: Tensor },
  reference: Tensor,
  advantages: Tensor,
  mask: Tensor,
  lse: Tensor,
  temperature: number,
  beta: number,
) {
  const [b, positions, v] = all.shape
  const length = hl.sub(positions, 1)
  const logits = all.slice(1, 0, -1)
  const out = hl.zerosLike(all)
  for (const [tb, tl] of hl.tile([b, length])) {
    const logp = chosen.at(tb, tl).sub(lse.at(tb, tl))
    const ratio = logp.sub(old ? old.at(tb, tl) : logp).exp()
    const advantage = advantages.at(tb).at(':', null)
    const [first, second] = [ratio.mul(advantage), ratio.clamp(0.8, 1.4).mul(advantage)]
    const slope = first.neg().mul(second.ge(first).to('f32')).clone()
    slope.addAssign(hl.mul(beta, hl.sub(1, reference.at(tb, tl).sub(logp).exp())))
    slope.assign(slope.mul(grad.at(tb, tl)).div(temperature))
    slope.mulAssign(mask.at(tb, tl))
    for (const tv of hl.tile(v)) {
      const scaled = logits.at(tb, tl, tv).div(temperature)
      const share = scaled.sub(lse.at(tb, tl).at(':', ':', null)).exp()
      const isChosen = tv.index.at(null, null, ':').eq(ids.at(tb, tl).at(':', ':', null))
      const wide = slope.at(':', ':', null)
      out.at(tb, tl, tv).set(hl.where(isChosen, wide.mul(hl.sub(1, share)), wide.neg().mul(share)))
    }
  }
  return out
}

interface Divergence {
  readonly reduction: 'none' | 'batchmean'
  readonly logTarget: boolean
}

/** Losses side by side in an accumulator over the block sizes. */
function klDiv(predicted: Tensor, target: Tensor, { reduction, logTarget }: Divergence) {
  const [rows, v] = predicted.shape
  const loss = reduction === 'none' ? hl.zerosLike(predicted) : hl.zeros([rows], 'f32')
  const [columns, block] = [hl.registerBlockSize(v), hl.registerBlockSize(rows)]
  for (const t of hl.tile(rows, { blockSize: block })) {
    const total = hl.zeros([t, columns], 'f32')
    for (const tv of hl.tile(v, { blockSize: columns })) {
      const part = hl.zeros([block, columns], 'f32')
      const [p, y] = [predicted.at(t, tv), target.at(t, tv)]
      if (logTarget) part.addAssign(y.exp().mul(y.sub(p)))
      else part.addAssign(y.mul(y.clamp(1e-10).log().sub(p)))
      if (reduction === 'none') loss.at(t, tv).set(part)
      else total.addAssign(part)
    }
    if (reduction !== 'none') loss.at(t).set(total.sum(-1))
  }
  return reduction === 'none' ? loss : hl.div(loss.sum(), rows)
}

/** Rows without a label have no loss. */
function jsd(x: Tensor, y: Tensor, labels: Tensor, beta: number) {
  const [rows, v] = x.shape
  const [loss, grad] = [hl.zeros([rows, v]), hl.emptyLike(x)]
  const count = labels.ne(-100).sum()
  for (const t of hl.tile(rows, { blockSize: 1 })) {
    hl.when(
      labels.at(t.begin).eq(-100),
      () => {
        for (const tv of hl.tile(v)) grad.at(t, tv).set(0)
      },
      () => {
        for (const tv of hl.tile(v)) {
          const [student, teacher] = [x.at(t, tv), y.at(t, tv)]
          const top = hl.maximum(student.amax(0), teacher.amax(0))
          const q = hl.mul(hl.sub(1, beta), student.sub(top).exp().mul(top.exp()))
          const p = hl.mul(beta, teacher.sub(top).exp().mul(top.exp()))
          const mixed = p.add(q)
          loss.at(t, tv).set(p.mul(teacher).add(q.mul(student)).sub(mixed.mul(mixed.log())))
          grad.at(t, tv).set(q.mul(student.sub(mixed.log())))
          const scale = hl.div(1, count.at().to('f32'))
          loss.at(t, tv).mulAssign(scale)
          grad.at(t, tv).set(grad.at(t, tv).mul(scale))
        }
      },
    )
  }
  return [loss.sum(), grad]
}

function welfordNorm(weight: Tensor, bias: Tensor, x: Tensor, eps: number) {
  const [m, n] = x.shape
  const out = hl.empty([m, n], x.dtype)
  for (const tm of hl.tile(m)) {
    const count = hl.zerosLike(x.at(tm, 0), 'f32')
    const [mean, squares] = [hl.zerosLike(count), hl.zerosLike(count)]
    for (const tn of hl.tile(n)) {
      const chunk = x.at(tm, tn)
      const length = tn.index.lt(n).to('i32').sum()
      const total = chunk.sum(-1)
      const own = hl.sum(chunk.mul(chunk), -1).sub(total.mul(total).div(length))
      const delta = total.div(length).sub(mean)
      const both = count.add(length)
      squares.assign(squares.add(own).add(delta.mul(delta).mul(count.mul(length).div(both))))
      mean.assign(mean.add(delta.mul(hl.div(length, both))))
      count.assign(both)
    }
    const scale = squares.div(count).add(eps).rsqrt().at(':', null)
    for (const tn of hl.tile(n)) {
      const normal = x.at(tm, tn).sub(mean.at(':', null)).mul(scale)
      out.at(tm, tn).set(normal.mul(weight.at(tn).at(null, ':')).add(bias.at(tn).at(null, ':')))
    }
  }
  return out
}

function longSum(x: Tensor) {
  const [m, n] = x.shape
  const out = hl.empty([m], x.dtype)
  const block = hl.registerBlockSize(n)
  for (const tm of hl.tile(m)) {
    const acc = hl.zeros([tm, block], x.dtype)
    for (const tn of hl.tile(n, { blockSize: block })) acc.addAssign(x.at(tm, tn))
    out.at(tm).set(acc.sum(-1))
  }
  return out
}

function rmsNormBackward(grad: Tensor, x: Tensor, weight: Tensor, rsqrt: Tensor) {
  const [m, n] = x.shape
  const block = hl.registerBlockSize(m)
  const gradX = hl.emptyLike(x)
  const gradWeight = hl.empty([hl.cdiv(m, block), n], 'f32')
  const width = hl.specialize(n)
  for (const part of hl.tile(m, { blockSize: block })) {
    const acc = hl.zeros([width], 'f32')
    for (const t of hl.tile(part.begin, part.end)) {
      const [rows, gradient, scale] = [x.at(t, ':'), grad.at(t, ':'), rsqrt.at(t, ':')]
      acc.addAssign(rows.mul(gradient).mul(scale).sum(0))
      const w = weight.at(null, ':')
      const mean = w.mul(gradient).mul(rows).mean(-1).at(':', null)
      gradX.at(t, ':').set(
        w
          .mul(gradient)
          .mul(scale)
          .sub(rows.mul(scale.pow(3)).mul(mean)),
      )
    }
    gradWeight.at(part.id, ':').set(acc)
  }
  return [gradX, gradWeight.sum(0)]
}

const probabilities = host([3, 7], (i) => ((i * 5) % 21) / 42)

export const LOSSES: Readonly<Record<string, Port>> = {
  grpo_loss_backward: {
    kernel: grpoBackward,
    args: [
      numbers([2, 3]),
      numbers([2, 4, 5]),
      numbers([2, 3]),
      { ...integers([0, 4, 2, 1, 1, 3]), shape: [2, 3] },
      {},
      numbers([2, 3]),
      numbers([2]),
      numbers([2, 3]),
      numbers([2, 3]),
      0.9,
      0.04,
    ],
    reference: (
      grad: Elements,
      all: Elements,
      chosen: Elements,
      ids: Elements,
      _old: object,
      ref: Elements,
      advantages: Elements,
      mask: Elements,
      lse: Elements,
      temperature: number,
      beta: number,
    ) =>
      each([2, 4, 5], (b, l, v) => {
        if (l === 3) return 0
        const logp = chosen(b, l) - lse(b, l)
        const slope = -advantages(b) + beta * (1 - Math.exp(ref(b, l) - logp))
        const scaled = (slope * grad(b, l) * mask(b, l)) / temperature
        const share = Math.exp(all(b, l, v) / temperature - lse(b, l))
        return v === ids(b, l) ? scaled * (1 - share) : -scaled * share
      }),
    tolerance: 1e-3,
  },
  kl_div: {
    kernel: klDiv,
    args: [numbers([3, 7]), probabilities, { reduction: 'batchmean', logTarget: false }],
    reference: (p: Elements, y: Elements) => [
      sum(3, (i) => sum(7, (j) => y(i, j) * (Math.log(Math.max(1e-10, y(i, j))) - p(i, j)))) / 3,
    ],
    tolerance: 1e-3,
  },
  kl_div_none: {
    kernel: klDiv,
    args: [numbers([3, 7]), numbers([3, 7]), { reduction: 'none', logTarget: true }],
    reference: (p: Elements, y: Elements) => each([3, 7], (i, j) => Math.exp(y(i, j)) * (y(i, j) - p(i, j))),
  },
  jsd: {
    kernel: jsd,
    args: [numbers([4, 5]), numbers([4, 5]), integers([2, -100, 0, 1]), 0.25],
    reference: (x: Elements, y: Elements, labels: Elements, beta: number) => {
      const parts = (i: number, j: number): readonly [number, number, number] => {
        const [p, q] = [beta * Math.exp(y(i, j)), (1 - beta) * Math.exp(x(i, j))]
        return [p, q, Math.log(p + q)]
      }
      const isUsed = (i: number): number => Number(labels(i) !== -100)
      const loss = (i: number, j: number): number => {
        const [p, q, log] = parts(i, j)
        return p * y(i, j) + q * x(i, j) - (p + q) * log
      }
      return [
        sum(4, (i) => isUsed(i) * sum(5, (j) => loss(i, j))) / 3,
        ...each([4, 5], (i, j) => (isUsed(i) * parts(i, j)[1] * (x(i, j) - parts(i, j)[2])) / 3),
      ]
    },
    tolerance: 1e-3,
  },
  welford: {
    kernel: welfordNorm,
    args: [numbers([7]), numbers([7]), numbers([5, 7]), 1e-5],
    reference: (w: Elements, bias: Elements, x: Elements, eps: number) =>
      each([5, 7], (i, j) => {
        const mean = sum(7, (p) => x(i, p)) / 7
        const variance = sum(7, (p) => (x(i, p) - mean) ** 2) / 7
        return ((x(i, j) - mean) / Math.sqrt(variance + eps)) * w(j) + bias(j)
      }),
    tolerance: 1e-3,
  },
  long_sum: {
    kernel: longSum,
    args: [numbers([4, 37])],
    reference: (x: Elements) => each([4], (i) => sum(37, (j) => x(i, j))),
  },
  rms_norm_bwd: {
    kernel: rmsNormBackward,
    args: [numbers([5, 6]), numbers([5, 6]), numbers([6]), numbers([5, 1])],
    reference: (grad: Elements, x: Elements, w: Elements, r: Elements) => [
      ...each([5, 6], (i, j) => {
        const mean = sum(6, (p) => w(p) * grad(i, p) * x(i, p)) / 6
        return w(j) * grad(i, j) * r(i, 0) - x(i, j) * r(i, 0) ** 3 * mean
      }),
      ...each([6], (j) => sum(5, (i) => x(i, j) * grad(i, j) * r(i, 0))),
    ],
    tolerance: 1e-3,
  },
}
