/** Helion's routing and sampling kernels: top-k, distributions in parts, speculative decoding. */
import { hl, type Tensor, type TileValue } from '../../../src/language/index.ts'
import { host } from '../../language/harness.ts'
import { type Elements, each, integers, largest, numbers, type Port, sum } from './port.ts'

function softmaxRouting(logits: Tensor, bias: Tensor, k: number, options: Routing) {
  const rows = logits.shape[0]
  const count = hl.specialize(k)
  const [weights, indices] = [hl.empty([rows, count]), hl.empty([rows, count], 'i32')]
  for (const row of hl.tile(rows)) {
    let x: TileValue = logits.at(row, ':').to('f32')
    if (options.softcap !== 0) x = x.div(options.softcap).tanh().mul(options.softcap)
    if (options.useBias) x = x.add(bias.at(':'))
    const { values, indices: places } = x.softmax(-1).topk(count, -1)
    const normal = options.renormalize ? values.div(values.sum(-1, { keepdim: true })) : values
    weights.at(row, ':').set(normal)
    indices.at(row, ':').set(places)
  }
  return [weights, indices]
}

interface Routing {
  readonly softcap: number
  readonly useBias: boolean
  readonly renormalize: boolean
}

/** Masses of parts first, then the part in which the sample falls, then the place in it. */
function categorical(x: Tensor, targets: Tensor, vocabulary: number) {
  const n = hl.specialize(vocabulary)
  const batch = hl.floorDiv(x.shape[0], n)
  const [rows, columns] = [hl.registerBlockSize(batch), hl.registerBlockSize(n)]
  const parts = hl.cdiv(n, columns)
  const [masses, maxima] = [hl.empty([batch, parts]), hl.empty([batch, parts])]
  const result = hl.empty([batch], 'i32')
  for (const [row, column] of hl.tile([batch, n], { blockSize: [rows, columns] })) {
    const read = x.at(row.index.at(':', null).mul(n).add(column.index.at(null, ':')))
    const values = hl.where(column.index.at(null, ':').lt(n), read, -Infinity)
    const top = values.amax(-1)
    const weights = hl.where(values.gt(-Infinity), values.sub(top.at(':', null)).exp(), 0)
    maxima.at(row, column.id).set(top)
    masses.at(row, column.id).set(weights.sum(-1))
  }
  hl.barrier()
  for (const row of hl.tile(batch)) {
    const partial = maxima.at(row, ':')
    const top = partial.amax(-1)
    const mass = masses.at(row, ':').mul(partial.sub(top.at(':', null)).exp())
    const ids = hl.arange(mass.shape[1] ?? 0)
    const cdf = hl.cumsum(mass, -1)
    const target = targets.at(row).mul(cdf.amax(-1))
    const found = hl.where(cdf.gt(target.at(':', null)), ids.at(null, ':'), parts).amin(-1)
    const last = hl.where(mass.gt(0), ids.at(null, ':'), 0).amax(-1)
    const bucket = hl.where(found.lt(parts), found, last)
    const before = hl.where(ids.at(null, ':').lt(bucket.at(':', null)), cdf, 0).amax(-1)
    const residual = target.sub(before).clamp(0)
    const token = bucket.at(':', null).mul(columns).add(hl.arange(columns).at(null, ':'))
    const mask = token.lt(n)
    const selected = hl.load(x, [row.index.at(':', null).mul(n).add(token)], { mask })
    const weights = hl.where(mask, selected.sub(top.at(':', null)).exp(), 0)
    const within = hl.cumsum(weights, -1)
    const isPast = within.gt(residual.at(':', null)).and(weights.gt(0))
    const first = hl.where(isPast, token, n).amin(-1)
    result.at(row).set(hl.where(first.lt(n), first, hl.where(weights.gt(0), token, -1).amax(-1)))
  }
  return result
}

/** Keeps the `k` largest of each part of a row, in the order in which they stand. */
function topkStage(x: Tensor, lengths: Tensor, k: number) {
  const [rows, n] = x.shape
  const count = hl.specialize(k)
  const columns = 8
  const parts = hl.cdiv(n, columns)
  const values = hl.full([rows, hl.mul(parts, count)], -Infinity)
  const indices = hl.full([rows, hl.mul(parts, count)], -1, 'i32')
  const [flat, flatValues, flatIndices] = [x, values, indices].map((one) => one.reshape([-1])) as [
    Tensor,
    Tensor,
    Tensor,
  ]
  for (const [row, part] of hl.grid([rows, parts])) {
    const length = lengths.at(row)
    const column = part.mul(columns).add(hl.arange(columns))
    const valid = column.lt(n).and(column.lt(length))
    const data = hl.load(flat, [row.mul(n).add(column)], { mask: valid })
    const bits = data.bitcast('i32')
    const keys = hl.where(bits.lt(0), bits.bitXor(0x7fffffff), bits)
    const prefix = hl.full([], -0x80000000, 'i32')
    prefix.assign(hl.where(valid.and(keys.ge(0)).sum().ge(count), 0, prefix))
    for (let bit = 30; bit >= 0; bit--) {
      const candidate = prefix.bitOr(2 ** bit)
      prefix.assign(hl.where(valid.and(keys.ge(candidate)).sum().ge(count), candidate, prefix))
    }
    const [above, equal] = [valid.and(keys.gt(prefix)), valid.and(keys.eq(prefix))]
    const rank = equal.to('i32').cumsum(0)
    const isFew = length.sub(part.mul(columns)).clamp(0, columns).le(count)
    const chosen = above.or(equal.and(rank.le(hl.sub(count, above.sum()))))
    const selected = isFew.and(valid).or(isFew.not().and(chosen))
    const place = selected.to('i32').cumsum(0).sub(1)
    const base = row.mul(parts).add(part).mul(count)
    hl.store(flatValues, [base.add(place)], data, { mask: selected })
    hl.store(flatIndices, [base.add(place)], column, { mask: selected })
  }
  return [values, indices]
}

/** Drafted tokens are taken while a draw allows it. */
function acceptDrafts(draft: Tensor, ids: Tensor, target: Tensor, draws: Tensor) {
  const [batch, count, n] = draft.shape
  const steps = hl.specialize(count)
  const [flatDraft, flatTarget] = [draft.reshape([-1]), target.reshape([-1])]
  const output = hl.empty([batch, steps + 1], 'i32')
  const [accepted, stops] = [hl.empty([batch], 'i32'), hl.empty([batch], 'i32')]
  for (const row of hl.tile(batch)) {
    const stop = hl.full([row], steps, 'i32')
    const alive = hl.full([row], 1, 'bool')
    const total = hl.full([row], 0, 'i32')
    for (const step of hl.staticRange(steps)) {
      const token = ids.at(row, step)
      const q = flatDraft.at(row.index.mul(steps).add(step).mul(n).add(token))
      const p = flatTarget.at(
        row.index
          .mul(steps + 1)
          .add(step)
          .mul(n)
          .add(token),
      )
      const uniform = hl.sub(1, draws.at(row, step))
      const isOk = uniform.mul(q).lt(p)
      stop.assign(hl.where(alive.and(isOk.not()), hl.minimum(stop, step), stop))
      alive.assign(alive.and(isOk))
      output.at(row, step).set(hl.where(alive, token, -1))
      total.addAssign(isOk.to('i32'))
    }
    output.at(row, steps).set(-1)
    accepted.at(row).set(0)
    accepted.at(row).addAssign(total)
    stops.at(row).set(stop)
    output
      .reshape([-1])
      .at(row.index.mul(steps + 1).add(stop))
      .set(stop.add(100))
  }
  return [output, accepted, stops]
}

const options: Routing = { softcap: 2, useBias: true, renormalize: true }
/** Different values, so that there is one order. */
const apart = host([3, 9], (i) => ((i * 16) % 27) / 9 - 1)

export const SAMPLING: Readonly<Record<string, Port>> = {
  moe_softmax_routing: {
    kernel: softmaxRouting,
    args: [apart, numbers([9]), 3, options as never],
    reference: (x: Elements, bias: Elements) => {
      const row = (i: number): readonly (readonly [number, number])[] => {
        const scores = each([9], (j) => Math.tanh(x(i, j) / 2) * 2 + bias(j))
        const order = scores.map((score, j) => [score, j] as const).sort(([a], [b]) => b - a)
        const best = order.slice(0, 3)
        const total = sum(3, (j) => Math.exp(best[j]?.[0] ?? 0))
        return best.map(([score, j]) => [Math.exp(score) / total, j] as const)
      }
      return [...each([3, 3], (i, j) => row(i)[j]?.[0] ?? 0), ...each([3, 3], (i, j) => row(i)[j]?.[1] ?? 0)]
    },
  },
  categorical_sampling: {
    kernel: categorical,
    args: [host([4 * 11], (i) => Math.sin(i * 1.7) * 2), host([4], [0.05, 0.43, 0.71, 0.97]), 11],
    reference: (x: Elements, targets: Elements) =>
      each([4], (i) => {
        const top = largest(11, (j) => x(i * 11 + j))
        const weight = (j: number): number => Math.exp(x(i * 11 + j) - top)
        const wanted = targets(i) * sum(11, weight)
        return each([11], (j) => sum(j + 1, weight)).findIndex((mass) => mass > wanted)
      }),
  },
  pipeline_topk: {
    kernel: topkStage,
    args: [host([2, 13], (i) => ((i * 11) % 26) - 12.5), integers([13, 9]), 3],
    reference: (x: Elements, lengths: Elements) => {
      const part = (row: number, p: number): readonly number[] => {
        const places = each([8], (j) => p * 8 + j).filter((j) => j < lengths(row))
        const best = [...places].sort((a, b) => x(row, b) - x(row, a)).slice(0, 3)
        return best.sort((a, b) => a - b)
      }
      const place = (row: number, at: number): number => part(row, Math.floor(at / 3))[at % 3] ?? -1
      return [
        ...each([2, 6], (row, at) => (place(row, at) < 0 ? -Infinity : x(row, place(row, at)))),
        ...each([2, 6], place as Elements),
      ]
    },
  },
  chain_speculative_sampling: {
    kernel: acceptDrafts,
    args: [
      host([5, 2, 4], (i) => ((i * 7) % 10) / 10 + 0.05),
      host([5, 2], [0, 3, 1, 2, 2, 0, 3, 3, 1, 1], 'i32'),
      host([5, 3, 4], (i) => ((i * 3) % 10) / 10 + 0.05),
      host([5, 2], (i) => ((i * 3) % 10) / 10),
    ],
    reference: (draft: Elements, ids: Elements, target: Elements, draws: Elements) => {
      const isOk = (row: number, step: number): boolean =>
        (1 - draws(row, step)) * draft(row, step, ids(row, step)) < target(row, step, ids(row, step))
      const stop = (row: number): number => (isOk(row, 0) ? (isOk(row, 1) ? 2 : 1) : 0)
      return [
        ...each([5, 3], (row, at) =>
          at === stop(row) ? stop(row) + 100 : at < stop(row) ? ids(row, at) : -1,
        ),
        ...each([5], (row) => Number(isOk(row, 0)) + Number(isOk(row, 1))),
        ...each([5], stop),
      ]
    },
  },
}
