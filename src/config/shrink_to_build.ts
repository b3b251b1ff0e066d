/**
 * From a config that the compiler refuses to the nearest one that it takes: each refusal says what there is
 * too much of, which says what to make smaller; of the ways to do that, the first that builds is taken, else
 * the one that leaves the least to be done. Deterministic. Finds the default config, and what to say to
 * people whose own config does not build.
 */
import { ConfigError, type Excess, type Resource } from '../support/errors.ts'
import { Config } from './config.ts'
import type { ConfigSpecInput } from './spec_input.ts'
import { LEAST_CHUNK, mostChunk, mostWarps } from './tile_sizes.ts'
import type { ConfigData, ConfigValue } from './value.ts'

/** Compiles a complete config: why that is refused, or undefined. */
export type Build = (config: Config) => ConfigError | undefined

/** Far more than any kernel needs: each step halves something. */
const MOST_STEPS = 100

/** The same config with less of something, in all the ways that there are; the least loss first. */
type Move = (config: Config, input: ConfigSpecInput) => readonly ConfigData[]

const MOVES: Readonly<Record<Resource, readonly Move[]>> = {
  registers: [oneStage, moreWarps, shorterChunks, smallerBlocks],
  'workgroup bytes': [fewerSlices, oneStage, shorterChunks, smallerBlocks, fewerWarps],
  invocations: [fewerWarps],
  bindings: [scalarAccess, unsplit],
  lines: [loopsKept, smallerBlocks],
}

/** Throws ConfigError when nothing near builds, not even one element a tile. */
export function shrinkToBuild(start: Config, input: ConfigSpecInput, build: Build): Config {
  const seen = new Set([start.hash])
  let at: Tried = { config: start, refusal: build(start) }
  for (let step = 0; at.refusal && step < MOST_STEPS; step++) {
    const next = nextOf(at.config, at.refusal, input, build, seen)
    if (!next) break
    at = next
  }
  if (!at.refusal) return at.config
  // Fragments have a least size; the same products without them can be shrunk further.
  const { mma } = start
  const plain = mma.map((way) => (way === 'subgroup_matrix' ? 'fma' : way))
  if (mma.includes('subgroup_matrix'))
    return shrinkToBuild(new Config({ ...start.data, mma: plain }), input, build)
  return leastOf(start, at.refusal, input, build)
}

interface Tried {
  readonly config: Config
  readonly refusal: ConfigError | undefined
}

function nextOf(
  config: Config,
  { excess }: ConfigError,
  input: ConfigSpecInput,
  build: Build,
  seen: Set<string>,
): Tried | undefined {
  let best: Tried | undefined
  for (const move of excess ? MOVES[excess.of] : [])
    for (const changes of move(config, input)) {
      const smaller = new Config({ ...config.data, ...changes })
      if (seen.has(smaller.hash)) continue
      const tried = { config: smaller, refusal: build(smaller) }
      if (!tried.refusal) return tried
      if (!best || isNearer(tried, best)) best = tried
    }
  if (best) seen.add(best.config.hash)
  return best
}

/** In the order in which the compiler looks at them: a later one means that the earlier are in order. */
const CHECKED: readonly Resource[] = ['invocations', 'registers', 'lines', 'bindings', 'workgroup bytes']

function isNearer(a: Tried, b: Tried): boolean {
  const [stageA, stageB] = [a, b].map(({ refusal }) =>
    refusal?.excess ? CHECKED.indexOf(refusal.excess.of) : -1,
  ) as [number, number]
  return stageA === stageB ? excessOf(a) < excessOf(b) : stageA > stageB
}

function excessOf({ refusal }: Tried): number {
  return refusal?.excess ? refusal.excess.needed / refusal.excess.limit : Number.POSITIVE_INFINITY
}

/** The last resort: a single element a tile, with as many threads as it takes. */
function leastOf(start: Config, refusal: ConfigError, input: ConfigSpecInput, build: Build): Config {
  const { dots, blocks, rows, memoryOps, sums = [] } = input
  const least: ConfigData = {
    ...start.data,
    ...(blocks.length > 0 ? { block_sizes: blocks.map(({ min }) => min) } : {}),
    ...(rows.length > 0 ? { reduction_loops: rows.map((row) => (mostChunk(row) ? LEAST_CHUNK : null)) } : {}),
    ...(dots.length > 0 ? { num_stages: 1, slice_k: dots.map(() => 1) } : {}),
    ...(sums.length > 0 ? { split_sums: sums.map(() => 1) } : {}),
    ...(memoryOps.length > 0 ? { indexing: memoryOps.map(() => 'pointer') } : {}),
  }
  let nearest: Tried = { config: start, refusal }
  for (let warps = 1; warps <= mostWarps(input); warps *= 2) {
    const config = new Config({ ...least, num_warps: warps })
    const tried = { config, refusal: build(config) }
    if (!tried.refusal) return config
    if (warps === 1 || isNearer(tried, nearest)) nearest = tried
  }
  const { what, location, excess } = nearest.refusal ?? refusal
  throw new ConfigError(`no config of this kernel can be built here: with tiles of one element, ${what}`, {
    location,
    remedy: remedyFor(excess, input),
    excess,
  })
}

/** What the author can do where no config helps. */
function remedyFor(excess: Excess | undefined, { rows }: ConfigSpecInput): string {
  if (excess?.of === 'bindings') return 'Split the kernel, or pass fewer tensors.'
  const longest = Math.max(0, ...rows.filter((row) => !mostChunk(row)).map(({ size }) => size))
  if (longest > 1)
    return `It holds up to ${longest} elements of one dimension: walk that with hl.tile instead of ':'.`
  return 'Split the kernel, so that each part holds fewer values at a time, or fix smaller tiles in it.'
}

function oneStage({ data }: Config): readonly ConfigData[] {
  return Number(data.num_stages ?? 1) > 1 ? [{ num_stages: 1 }] : []
}

function moreWarps({ numWarps }: Config, input: ConfigSpecInput): readonly ConfigData[] {
  return numWarps * 2 <= mostWarps(input) ? [{ num_warps: numWarps * 2 }] : []
}

function fewerWarps({ numWarps, sliceK }: Config): readonly ConfigData[] {
  if (numWarps <= 1) return []
  const num_warps = numWarps / 2
  return [{ num_warps, ...(sliceK.length > 0 ? { slice_k: sliceK.map((n) => Math.min(n, num_warps)) } : {}) }]
}

function fewerSlices({ sliceK }: Config): readonly ConfigData[] {
  return eachOf('slice_k', sliceK, (slices) => (slices > 1 ? slices / 2 : undefined))
}

function shorterChunks({ reductionLoops }: Config, { rows }: ConfigSpecInput): readonly ConfigData[] {
  return eachOf('reduction_loops', reductionLoops, (chunk, i) => {
    const most = rows[i] && mostChunk(rows[i])
    const shorter = chunk === null ? most : chunk / 2
    return most && shorter && shorter >= LEAST_CHUNK ? shorter : undefined
  })
}

/** The largest first. */
function smallerBlocks({ blockSizes }: Config, { blocks }: ConfigSpecInput): readonly ConfigData[] {
  const halved = eachOf('block_sizes', blockSizes, (size, i) =>
    size / 2 >= (blocks[i]?.min ?? size) ? size / 2 : undefined,
  )
  const total = ({ block_sizes }: ConfigData): number =>
    (block_sizes as readonly number[]).reduce((sum, size) => sum + size, 0)
  return halved.toSorted((a, b) => total(a) - total(b))
}

function scalarAccess({ indexing }: Config): readonly ConfigData[] {
  return indexing.some((mode) => mode !== 'pointer') ? [{ indexing: indexing.map(() => 'pointer') }] : []
}

function unsplit({ splitSums }: Config): readonly ConfigData[] {
  return splitSums.some((parts) => parts > 1) ? [{ split_sums: splitSums.map(() => 1) }] : []
}

function loopsKept({ staticRanges, rangeUnrollFactors }: Config): readonly ConfigData[] {
  return [
    ...(staticRanges.includes(true) ? [{ static_ranges: staticRanges.map(() => false) }] : []),
    ...(rangeUnrollFactors.some((n) => n !== 1)
      ? [{ range_unroll_factors: rangeUnrollFactors.map(() => 1) }]
      : []),
  ]
}

/** The list with one entry replaced, for each entry that can be. */
function eachOf<T extends ConfigValue>(
  field: string,
  list: readonly T[],
  replaced: (entry: T, index: number) => ConfigValue | undefined,
): readonly ConfigData[] {
  return list.flatMap((entry, index) => {
    const value = replaced(entry, index)
    return value === undefined ? [] : [{ [field]: list.with(index, value as T) }]
  })
}
