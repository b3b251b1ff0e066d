/**
 * Made-up sweeps for tests: matrices by hand, and cost models of kernels with the cliffs that real ones have.
 */

import { writeMeasurementCsv } from '../../../src/aot/evaluate/input/measurement_csv.ts'
import { type Sweep, SweepBuilder } from '../../../src/aot/evaluate/input/sweep.ts'
import type { ConfigData } from '../../../src/config/value.ts'
import type { Features, FeatureValue } from '../../../src/heuristics/features.ts'
import { Random } from '../../../src/support/random.ts'

/** Milliseconds by shape and config; null where the config cannot run. */
export interface MadeSweep {
  readonly kernel: string
  readonly shapes: readonly Features[]
  readonly configs: readonly ConfigData[]
  readonly times: readonly (readonly (number | null)[])[]
}

/** Shapes given as the sizes of one argument, configs numbered. */
export function byHand(
  shapes: readonly (readonly number[])[],
  times: readonly (readonly (number | null)[])[],
  kernel = 'made',
): MadeSweep {
  const count = times[0]?.length ?? 0
  return {
    kernel,
    shapes: shapes.map((sizes) => tensorFeatures([sizes])),
    configs: Array.from({ length: count }, (_, index) => ({ num_warps: 2 ** index, tag: index })),
    times,
  }
}

export function toSweep(made: MadeSweep): Sweep {
  const builder = new SweepBuilder(made.kernel)
  made.shapes.forEach((features, row) => {
    made.configs.forEach((config, column) => {
      const time = made.times[row]?.[column] ?? null
      const outcome = { shapeHash: `shape${String(row).padStart(4, '0')}`, features, config }
      builder.add(
        time === null
          ? { ...outcome, status: 'invalid', samples: [] }
          : { ...outcome, status: 'ok', samples: [time] },
      )
    })
  })
  return builder.finish(undefined, undefined)
}

export function toCsv(made: MadeSweep): string {
  const rows = made.shapes.flatMap((features, row) =>
    made.configs.flatMap((config, column) => {
      const timingMs = made.times[row]?.[column] ?? null
      return timingMs === null
        ? []
        : [{ kernel: made.kernel, shapeHash: `shape${row}`, features, config, timingMs }]
    }),
  )
  return writeMeasurementCsv(rows)
}

/** Some of the shapes of a sweep. */
export function part(made: MadeSweep, rows: readonly number[]): MadeSweep {
  return {
    ...made,
    shapes: rows.map((row) => made.shapes[row] ?? {}),
    times: rows.map((row) => made.times[row] ?? []),
  }
}

/** Feature dictionary as in Helion. */
export function tensorFeatures(args: readonly (readonly number[])[], dtype = 'torch.float16'): Features {
  const features: Record<string, FeatureValue> = {}
  args.forEach((sizes, index) => {
    features[`arg${index}_ndim`] = sizes.length
    sizes.forEach((size, dim) => {
      features[`arg${index}_dim${dim}`] = size
    })
    features[`arg${index}_numel`] = sizes.reduce((a, b) => a * b, 1)
    features[`arg${index}_dtype`] = dtype
    features[`arg${index}_dtype_size`] = 2
    features[`arg${index}_dtype_cat`] = 2
  })
  return features
}

/**
 * A tiled matmul: padding to tiles, waves over the processors, split-K with its reduction, memory traffic.
 */
export function matmulSweep(seed: number, shapes = 70, configs = 30, irregular = false): MadeSweep {
  const random = new Random(seed)
  const size = () => (irregular ? Math.round(2 ** (5 + 7 * random.next())) : 2 ** random.int(4, 12))
  const made = distinct(configs, () => ({
    block_sizes: [2 ** random.int(4, 8), 2 ** random.int(4, 8), 2 ** random.int(4, 7)],
    num_warps: 2 ** random.int(1, 3),
    num_stages: random.int(1, 4),
    split_k: random.choice([1, 1, 2, 4]),
  }))
  const sizes = distinct(shapes, () => [size(), size(), size()])
  return {
    kernel: 'matmul',
    shapes: sizes.map(([m = 1, n = 1, k = 1]) =>
      tensorFeatures([
        [m, k],
        [k, n],
      ]),
    ),
    configs: made,
    times: sizes.map(([m = 1, n = 1, k = 1]) =>
      made.map((config) => {
        const [bm = 1, bn = 1, bk = 1] = config.block_sizes
        if (bm * bn > 16384 * 2 || (bm + bn) * bk * 2 * config.num_stages > 200_000) return null
        const groups = Math.ceil(m / bm) * Math.ceil(n / bn) * config.split_k
        const waves = Math.ceil(groups / 132)
        const steps = Math.ceil(k / (bk * config.split_k))
        const unaligned = (n % 16 === 0 ? 1 : 1.7) * (k % 16 === 0 ? 1 : 1.5)
        const perStep =
          (bm * bn * bk) / (900 * Math.min(8, config.num_warps * 2)) + ((bm + bn) * bk * unaligned) / 700
        const latency = 0.5 / config.num_stages
        const reduction = config.split_k > 1 ? (m * n * config.split_k) / 2e6 + 2 : 0
        return noisy(random, (4 + waves * (1 + steps * (perStep / 90 + latency)) + reduction) / 1000, 0.02)
      }),
    ),
  }
}

/**
 * A norm over rows: persistent rows spill registers when long, looped ones read memory again beyond the
 * cache.
 */
export function rowSweep(seed: number, shapes = 64, configs = 20): MadeSweep {
  const random = new Random(seed)
  const made = distinct(configs, () => ({
    block_sizes: [random.choice([1, 1, 2, 4, 8])],
    reduction_loops: [random.choice([null, null, 1024, 2048, 4096])],
    num_warps: 2 ** random.int(0, 5),
  }))
  const sizes = distinct(shapes, () => [2 ** random.int(5, 14), 128 * random.int(1, 128)])
  return {
    kernel: 'row_norm',
    shapes: sizes.map((dims) => tensorFeatures([dims])),
    configs: made,
    times: sizes.map(([m = 1, n = 1]) =>
      made.map((config) => {
        const rows = config.block_sizes[0] ?? 1
        const loop = config.reduction_loops[0] ?? null
        const width = loop === null ? 2 ** Math.ceil(Math.log2(n)) : Math.min(loop, n)
        const perThread = (rows * width) / (32 * config.num_warps)
        if (perThread > 512) return null
        const spill = perThread > 64 ? 1 + (perThread - 64) / 90 : 1
        const idle = perThread < 4 ? 1.4 : 1
        const passes = loop !== null && loop < n ? (m * n * 2 > 5e7 ? 1.9 : 1.25) : 1
        const blocks = Math.ceil(m / rows)
        const fill = Math.max(1, (132 * 2) / blocks)
        const bytes = rows * Math.ceil(n / width) * width * blocks * 4
        return noisy(random, (3 + (bytes / 3e6) * spill * idle * passes * Math.sqrt(fill)) / 1000, 0.01)
      }),
    ),
  }
}

function noisy(random: Random, time: number, spread: number): number {
  return time * (1 + spread * (random.next() + random.next() - 1))
}

function distinct<T>(count: number, make: () => T): T[] {
  const seen = new Map<string, T>()
  while (seen.size < count) {
    const made = make()
    seen.set(JSON.stringify(made), made)
  }
  return [...seen.values()]
}
