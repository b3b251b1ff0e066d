/**
 * Random kernels of loops after and inside each other, whose ranges are read from memory or computed, with
 * products, reductions and stores in them. Their results are whole numbers that f32 holds, and the same
 * whatever the config.
 */
import fc from 'fast-check'
import type { Config } from '../../src/config/config.ts'
import type { ConfigSpec } from '../../src/config/config_spec.ts'
import { type Accumulator, hl, type Tensor, type Tile } from '../../src/language/index.ts'
import { TileValue } from '../../src/language/values/value.ts'
import { drawConfigs, withTilesUpTo } from '../config/random_configs.ts'
import { type HostArgument, host } from '../language/harness.ts'

const [ROWS, DEPTH, COLUMNS] = [6, 20, 4]
const LARGEST_TILE = 8
const MOST_UNROLLED = 2
/** Ranges among these are empty, short, ragged, overlapping, or end before they begin. */
const BOUNDS = [0, 3, 7, 8, 12, 17, 20]

/** Where a range begins or ends: an element of the bounds, their maximum, or what is known before. */
type Begin = number | 'zero'
type End = number | 'maximum' | 'size'

const WORK = [
  'dot',
  'dotAdded',
  'rowSums',
  'rowMaxima',
  'columnSums',
  'total',
  'wholeRows',
  'store',
  'storedDot',
] as const

type Work = (typeof WORK)[number]

/** Branches by an element of the bounds. */
const BRANCHES = ['when', 'otherwise', 'continueIf'] as const

const OVER = ['tile', 'tile', 'fixed', 'odd', 'grid'] as const
const LENGTHS = { tile: 4, fixed: 4, odd: 3 } as const

const OF_NO_TILE: ReadonlySet<Step['kind']> = new Set(['loop', 'wholeRows', ...BRANCHES])

export type Step =
  | { readonly kind: Work }
  | { readonly kind: (typeof BRANCHES)[number]; readonly at: number; readonly body: readonly Step[] }
  | {
      readonly kind: 'loop'
      /** Tiles of an extent that the config chooses, of a fixed one, a power of two or not, or positions. */
      readonly over: (typeof OVER)[number]
      readonly begin: Begin
      readonly end: End
      readonly body: readonly Step[]
    }

const place = fc.nat({ max: BOUNDS.length - 1 })
const begin = fc.oneof<fc.Arbitrary<Begin>[]>(place, place, fc.constant('zero'))
const end = fc.oneof<fc.Arbitrary<End>[]>(place, place, fc.constantFrom('maximum', 'size'))

const work = fc.record({ kind: fc.constantFrom(...WORK) })

const { loop } = fc.letrec<{ loop: Step; branch: Step; step: Step }>((tie) => ({
  branch: fc.record({
    kind: fc.constantFrom(...BRANCHES),
    at: place,
    body: fc.array(tie('step'), { minLength: 1, maxLength: 2 }),
  }),
  loop: fc.record({
    kind: fc.constant('loop' as const),
    over: fc.constantFrom(...OVER),
    begin,
    end,
    body: fc.array(tie('step'), { minLength: 1, maxLength: 2 }),
  }),
  step: fc.oneof({ maxDepth: 2, withCrossShrink: true }, work, work, work, tie('loop'), tie('branch')),
}))

/** Two or three loops one after the other, with anything in them. */
export const programs: fc.Arbitrary<readonly Step[]> = fc.array(loop, { minLength: 2, maxLength: 3 })

/** What the steps work on. */
interface State {
  readonly q: Tensor
  readonly v: Tensor
  readonly bounds: Tensor
  readonly scratch: Tensor
  readonly rows: Tile
  readonly products: Accumulator
  readonly sums: Accumulator
  readonly maxima: Accumulator
  readonly total: Accumulator
}

export function programInputs(): readonly HostArgument[] {
  return [
    host([ROWS, DEPTH], (i) => ((i * 5) % 9) - 4),
    host([DEPTH, COLUMNS], (i) => ((i * 7) % 9) - 4),
    host([BOUNDS.length], BOUNDS, 'i32'),
  ]
}

/** Random configs, of small tiles and few rounds written out: the others are refused, or long to compile. */
export function programConfigs(spec: ConfigSpec, count: number, seed: number): readonly Config[] {
  return withTilesUpTo(spec, LARGEST_TILE, drawConfigs(spec, count, seed)).map((config) => {
    const range_unroll_factors = config.rangeUnrollFactors.map((factor) => Math.min(factor, MOST_UNROLLED))
    return spec.normalize({ ...config.data, range_unroll_factors }, 'repair')
  })
}

export function programKernel(
  program: readonly Step[],
): (q: Tensor, v: Tensor, bounds: Tensor) => readonly Tensor[] {
  return function randomProgram(q, v, bounds) {
    const width = hl.specialize(v.shape[1])
    const out = hl.empty([q.shape[0], width])
    const perRow = hl.empty([2, q.shape[0]])
    const scratch = hl.zeros([q.shape[0], q.shape[1]])
    for (const rows of hl.tile(q.shape[0])) {
      const products = hl.zeros([rows, width])
      const [sums, maxima, total] = [hl.zeros([rows]), hl.full([rows], -100), hl.zeros([])]
      run(program, { q, v, bounds, scratch, rows, products, sums, maxima, total }, undefined, 0)
      out.at(rows, ':').set(products)
      perRow.at(0, rows).set(sums.add(total))
      perRow.at(1, rows).set(maxima)
    }
    return [out, perRow, scratch]
  }
}

function run(steps: readonly Step[], state: State, at: Tile | TileValue | undefined, depth: number): void {
  for (const step of steps) {
    if (step.kind === 'continueIf' || step.kind === 'when' || step.kind === 'otherwise') {
      branch(step, state, at, depth)
    } else if (step.kind !== 'loop') doWork(step.kind, state, at, depth)
    else {
      const { bounds, q } = state
      const first = bounds.at(step.begin === 'zero' ? 0 : step.begin)
      const last = typeof step.end === 'number' ? bounds.at(step.end) : bounds.at(':').amax()
      if (step.over === 'grid') {
        for (const i of hl.grid(last.sub(first))) run(step.body, state, i.add(first), depth + 1)
        continue
      }
      const begin = step.begin === 'zero' ? 0 : first
      const end = step.end === 'size' ? q.shape[1] : last
      // What does not look at the tile happens once per tile: of an extent, then, that no config changes.
      const fixed = step.over !== 'tile' || step.body.some(({ kind }) => OF_NO_TILE.has(kind))
      for (const tile of hl.tile(begin, end, fixed ? { blockSize: LENGTHS[step.over] } : {}))
        run(step.body, state, tile, depth + 1)
    }
  }
}

/** `continueIf` stands in a loop of its own: nothing that comes later is left out. */
function branch(
  { kind, at: place, body }: Extract<Step, { body: readonly Step[] }> & { readonly at: number },
  state: State,
  at: Tile | TileValue | undefined,
  depth: number,
): void {
  const condition = state.bounds.at(place).gt(7)
  const inside = (): void => run(body, state, at, depth)
  if (kind === 'when') hl.when(condition, inside)
  else if (kind === 'otherwise') hl.when(condition, () => state.total.addAssign(1), inside)
  else {
    for (const _ of hl.grid(2)) {
      hl.continueIf(condition)
      inside()
    }
  }
}

function doWork(kind: Work, state: State, at: Tile | TileValue | undefined, depth: number): void {
  const { q, v, rows, products, sums, maxima, total } = state
  if (kind === 'wholeRows' || at === undefined) sums.addAssign(q.at(rows, ':').sum(1))
  else if (at instanceof TileValue) doWorkAt(kind, state, at)
  else if (kind === 'rowSums') sums.addAssign(q.at(rows, at).sum(1))
  else if (kind === 'rowMaxima') maxima.maximumAssign(q.at(rows, at).amax(1))
  else if (kind === 'columnSums') products.addAssign(v.at(at, ':').sum(0, { keepdim: true }))
  else if (kind === 'total') total.addAssign(v.at(at, ':').sum())
  else if (kind === 'dotAdded') products.addAssign(q.at(rows, at).dot(v.at(at, ':')))
  else if (kind === 'dot' || depth > 1) products.addDot(q.at(rows, at), v.at(at, ':'))
  else if (kind === 'storedDot') products.addDot(state.scratch.at(rows, at), v.at(at, ':'))
  else state.scratch.at(rows, at).set(state.scratch.at(rows, at).add(q.at(rows, at)))
}

/** The same at a single position. */
function doWorkAt(kind: Work, { q, v, rows, products, sums, maxima, total }: State, at: TileValue): void {
  if (kind === 'rowMaxima') maxima.maximumAssign(q.at(rows, at))
  else if (kind === 'total') total.addAssign(v.at(at, ':').sum())
  else if (kind === 'rowSums') sums.addAssign(q.at(rows, at))
  else products.addAssign(v.at(at, ':').unsqueeze(0))
}
