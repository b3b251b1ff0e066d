/**
 * The method to be beaten, as its documentation describes it: greedy choice of configs by the number of
 * shapes within the threshold, then an entropy tree of depth 6 on the label of the fastest kept config, with
 * thresholds on training values.
 */

/** The config (by position) that the method would use for a point. `times` holds Infinity where forbidden. */
export function helionMethod(
  points: readonly (readonly number[])[],
  times: readonly (readonly number[])[],
  maxConfigs = 10,
  threshold = 1.1,
): (point: readonly number[]) => number {
  const kept = greedy(times, maxConfigs, threshold)
  const labels = times.map((row) => {
    let best = 0
    kept.forEach((config, index) => {
      if ((row[config] ?? 0) < (row[kept[best] ?? 0] ?? 0)) best = index
    })
    return best
  })
  const features = selectFeatures(points)
  const decide = grow(
    points.map((point) => features.map((feature) => point[feature] ?? 0)),
    labels,
    0,
  )
  return (point) => kept[decide(features.map((feature) => point[feature] ?? 0))] ?? 0
}

function greedy(times: readonly (readonly number[])[], maxConfigs: number, threshold: number): number[] {
  const count = times[0]?.length ?? 0
  const best = times.map((row) => Math.min(...row))
  const kept: number[] = []
  let current: number[] = times.map(() => Number.POSITIVE_INFINITY)
  const good = (value: number, row: number) => value / (best[row] ?? 1) <= threshold
  while (kept.length < Math.min(maxConfigs, count) && !current.every(good)) {
    let chosen = -1
    let most = -1
    for (let config = 0; config < count; config++) {
      if (kept.includes(config)) continue
      const score = current.filter((value, row) =>
        good(Math.min(value, times[row]?.[config] ?? 0), row),
      ).length
      if (score <= most) continue
      most = score
      chosen = config
    }
    kept.push(chosen)
    current = current.map((value, row) => Math.min(value, times[row]?.[chosen] ?? 0))
  }
  return kept.sort((a, b) => a - b)
}

/** Drops columns that correlate fully with an earlier one, or that an earlier one determines. */
function selectFeatures(points: readonly (readonly number[])[]): number[] {
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

function correlation(x: readonly number[], y: readonly number[]): number {
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length
  const mx = mean(x)
  const my = mean(y)
  const dot = x.reduce((sum, value, row) => sum + (value - mx) * ((y[row] ?? 0) - my), 0)
  const norm = (values: readonly number[], m: number) =>
    Math.sqrt(values.reduce((s, v) => s + (v - m) ** 2, 0))
  return dot / (norm(x, mx) * norm(y, my))
}

function grow(
  points: readonly (readonly number[])[],
  labels: readonly number[],
  depth: number,
): (point: readonly number[]) => number {
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
