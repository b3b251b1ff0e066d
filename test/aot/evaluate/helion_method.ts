/**
 * The method to be beaten, as its documentation describes it: numeric features of the first shape, those that
 * an earlier one determines dropped; greedy choice of configs by counting, one partition after the other;
 * then an entropy tree of depth 6 on the label of the fastest kept config, with thresholds on training
 * values, or the nearest neighbour by plain sums.
 */
import type { Features } from '../../../src/heuristics/features.ts'

type Row = readonly number[]
type Table = readonly Row[]

/** The config (by position) that the method would use for a point. `times` holds Infinity where forbidden. */
export function helionMethod(
  points: Table,
  times: Table,
  maxConfigs = 10,
  threshold = 1.1,
): (point: Row) => number {
  const kept = helionSubset(times, { maxConfigs, threshold })
  const features = selectFeatures(points)
  const place = (point: Row) => features.map((feature) => point[feature] ?? 0)
  const decide = grow(points.map(place), labelsOf(times, kept), 0)
  return (point) => kept[decide(place(point))] ?? 0
}

/** The same, from dictionaries of features. */
export function helionOnFeatures(shapes: readonly Features[], times: Table): (shape: Features) => number {
  const names = Object.keys(shapes[0] ?? {}).filter((name) => typeof shapes[0]?.[name] === 'number')
  const point = (shape: Features) => names.map((name) => Number(shape[name] ?? 0))
  const choose = helionMethod(shapes.map(point), times)
  return (shape) => choose(point(shape))
}

/** The nearest neighbour: the largest of the points that are nowhere larger, else the one of smallest sum. */
export function helionNeighbour(points: Table, point: Row): number {
  const sum = (row: Row) => row.reduce((total, value) => total + value, 0)
  const all = points.map((row, index) => ({ row, index }))
  const below = all.filter(({ row }) => row.every((value, i) => value <= (point[i] ?? 0)))
  const best =
    below.length > 0
      ? below.sort((a, b) => sum(b.row) - sum(a.row))
      : all.sort((a, b) => sum(a.row) - sum(b.row))
  return best[0]?.index ?? 0
}

export interface SubsetOptions {
  readonly maxConfigs?: number
  readonly threshold?: number
  readonly goal?: 'max' | 'geomean' | 'avg'
}

/** The configs that the method keeps, ascending; the limit holds for each partition. */
export function helionSubset(times: Table, options: SubsetOptions = {}): readonly number[] {
  const kept = partitions(times).flatMap((rows) => greedy(rows, options))
  return [...new Set(kept)].sort((a, b) => a - b)
}

/** Shapes that share a config that runs, joined until no two groups share one. */
function partitions(times: Table): readonly Table[] {
  let groups: Row[][] = []
  for (const row of times.filter((candidate) => candidate.some(Number.isFinite))) {
    const touches = (group: Table) =>
      group.some((other) =>
        other.some((time, config) => Number.isFinite(time) && Number.isFinite(row[config])),
      )
    groups = [...groups.filter((group) => !touches(group)), [...groups.filter(touches).flat(), row]]
  }
  return groups
}

function greedy(times: Table, { maxConfigs = 10, threshold = 1.1, goal = 'max' }: SubsetOptions): number[] {
  const best = times.map((row) => Math.min(...row))
  const slowdowns = (current: Row) => current.map((time, row) => time / (best[row] ?? 1))
  const mean = (values: Row) => values.reduce((total, value) => total + value, 0) / values.length
  const scores = {
    max: (current: Row) => slowdowns(current).filter((slowdown) => slowdown <= threshold).length,
    geomean: (current: Row) => Number(Math.exp(mean(slowdowns(current).map(Math.log))) <= threshold),
    avg: (current: Row) => Number(mean(slowdowns(current)) <= threshold),
  }
  const full = goal === 'max' ? times.length : 1
  const kept: number[] = []
  let current: Row = times.map(() => Number.POSITIVE_INFINITY)
  while (kept.length < Math.min(maxConfigs, times[0]?.length ?? 0) && scores[goal](current) < full) {
    let chosen = { config: -1, score: -1, next: current }
    for (let config = 0; config < (times[0]?.length ?? 0); config++) {
      if (kept.includes(config)) continue
      const next = current.map((time, row) => Math.min(time, times[row]?.[config] ?? 0))
      const score = scores[goal](next)
      if (score > chosen.score) chosen = { config, score, next }
    }
    kept.push(chosen.config)
    current = chosen.next
  }
  return kept
}

/** The fastest kept config of each shape, the first where none runs. */
function labelsOf(times: Table, kept: readonly number[]): readonly number[] {
  return times.map((row) =>
    kept.reduce(
      (best, config, index) => ((row[config] ?? 0) < (row[kept[best] ?? 0] ?? 0) ? index : best),
      0,
    ),
  )
}

/** Drops columns that correlate fully with an earlier one, or that an earlier one determines. */
function selectFeatures(points: Table): number[] {
  const columns = (points[0] ?? []).map((_, feature) => points.map((point) => point[feature] ?? 0))
  const varying = columns.map((_, feature) => feature).filter((feature) => new Set(columns[feature]).size > 1)
  const dropped = new Set<number>()
  for (const a of varying)
    for (const b of varying.filter((feature) => feature > a && !dropped.has(a) && !dropped.has(feature))) {
      const x = columns[a] ?? []
      const y = columns[b] ?? []
      const groups = new Map<number, Set<number>>()
      x.forEach((value, row) => {
        groups.set(value, (groups.get(value) ?? new Set()).add(y[row] ?? 0))
      })
      const isDetermined = [...groups.values()].every((group) => group.size === 1)
      if (isDetermined || Math.abs(correlation(x, y)) > 0.9999) dropped.add(b)
    }
  return varying.filter((feature) => !dropped.has(feature))
}

function correlation(x: Row, y: Row): number {
  const mean = (values: Row) => values.reduce((a, b) => a + b, 0) / values.length
  const mx = mean(x)
  const my = mean(y)
  const dot = x.reduce((sum, value, row) => sum + (value - mx) * ((y[row] ?? 0) - my), 0)
  const norm = (values: Row, m: number) => Math.sqrt(values.reduce((s, v) => s + (v - m) ** 2, 0))
  return dot / (norm(x, mx) * norm(y, my))
}

function grow(points: Table, labels: readonly number[], depth: number): (point: Row) => number {
  const counts = new Map<number, number>()
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1)
  const label = [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0])[0]?.[0] ?? 0
  if (counts.size < 2 || depth >= 6) return () => label
  let best: { feature: number; threshold: number } | undefined
  let most = 0
  for (let feature = 0; feature < (points[0]?.length ?? 0); feature++) {
    const values = [...new Set(points.map((point) => point[feature] ?? 0))].sort((a, b) => a - b)
    for (const threshold of values.slice(0, -1)) {
      const low = labels.filter((_, row) => (points[row]?.[feature] ?? 0) <= threshold)
      const high = labels.filter((_, row) => (points[row]?.[feature] ?? 0) > threshold)
      const after = (low.length * entropy(low) + high.length * entropy(high)) / labels.length
      const gain = entropy(labels) - after
      if (gain <= most) continue
      most = gain
      best = { feature, threshold }
    }
  }
  if (!best) return () => label
  const { feature, threshold } = best
  const side = (isLow: boolean) => {
    const rows = points.flatMap((point, row) => ((point[feature] ?? 0) <= threshold === isLow ? [row] : []))
    return grow(
      rows.map((row) => points[row] ?? []),
      rows.map((row) => labels[row] ?? 0),
      depth + 1,
    )
  }
  const low = side(true)
  const high = side(false)
  return (point) => ((point[feature] ?? 0) <= threshold ? low(point) : high(point))
}

function entropy(labels: readonly number[]): number {
  const counts = new Map<number, number>()
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1)
  let sum = 0
  for (const count of counts.values())
    sum -= (count / labels.length) * Math.log2(count / labels.length + 1e-10)
  return sum
}
