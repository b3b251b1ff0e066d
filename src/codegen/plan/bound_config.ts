/**
 * A config bound to a kernel as it was traced: extents of its blocks, threads, and the entry for every place
 * in it. Refuses at once what no pass can build on this device.
 */
import type { Config } from '../../config/config.ts'
import type { Indexing, Mma, PidType } from '../../config/modes.ts'
import { guardsOnConfig, resolveBlockSizes } from '../../ir/block_sizes.ts'
import { depthOf } from '../../ir/dot_axes.ts'
import type { Guard, KernelIr } from '../../ir/kernel_ir.ts'
import {
  type BlockId,
  type DotNode,
  type LoadNode,
  type LoopNode,
  type StoreNode,
  UNNUMBERED,
} from '../../ir/node.ts'
import { maxOf } from '../../ir/size.ts'
import { ConfigError } from '../../support/errors.ts'
import { log2Exact, nextPowerOf2 } from '../../support/maths.ts'
import { type SplitEntry, splittableSums } from '../analysis/split_entries.ts'
import type { DeviceLimits } from '../program.ts'
import { type KernelSites, severalBlocks, sitesOf } from './sites.ts'

export class BoundConfig {
  /** The kernel with the block sizes of the config. */
  readonly kernel: KernelIr
  readonly config: Config
  readonly limits: DeviceLimits
  readonly sites: KernelSites
  /** What of the kernel's conditions on sizes depends on the config. */
  readonly guards: readonly Guard[]
  /** Invocations of a workgroup. */
  readonly threads: number
  readonly threadBits: number
  readonly #extents: ReadonlyMap<BlockId, number>
  readonly #parts: ReadonlyMap<BlockId, number>
  readonly #chained: ReadonlyMap<BlockId, number>

  /** `config` must be complete: normalised by the kernel's ConfigSpec. */
  constructor(traced: KernelIr, config: Config, limits: DeviceLimits) {
    const tiles = tileExtents(traced, config)
    const kernel = resolveBlockSizes(traced, (id) => tiles.get(id) ?? 1)
    this.kernel = kernel
    this.config = config
    this.limits = limits
    this.sites = sitesOf(kernel)
    this.guards = guardsOnConfig(traced, kernel)
    this.threads = config.numWarps * 32
    if (this.threads > limits.maxWorkgroupInvocations) {
      throw new ConfigError(
        `num_warps ${config.numWarps} makes ${this.threads} invocations; ` +
          `the device allows ${limits.maxWorkgroupInvocations}`,
        { excess: { of: 'invocations', needed: this.threads, limit: limits.maxWorkgroupInvocations } },
      )
    }
    this.threadBits = log2Exact(this.threads)
    this.#extents = new Map([...tiles, ...otherExtents(kernel, this.sites, config)])
    const sums = sumsIn(kernel, config)
    this.#parts = new Map(sums.map(({ id }, i) => [id, entry(config.splitSums, i, 'split_sums')]))
    this.#chained = new Map(sums.map(({ id }, i) => [id, config.chainedScans[i] ?? 0]))
    Object.freeze(this)
  }

  /** Elements of a tile along a block of the kernel: a power of two. */
  extent(id: BlockId): number {
    return this.#extents.get(id) ?? 1
  }

  /** The chunk that a row is streamed in, or undefined when it stays in registers. */
  chunkOf(id: BlockId): number | undefined {
    const row = this.sites.rows.findIndex((block) => block.id === id)
    return this.config.reductionLoops[row] ?? undefined
  }

  /** How many grids' programs share out the loop that begins with a block, or the row. */
  partsOf(id: BlockId): number {
    return this.#parts.get(id) ?? 1
  }

  /** Rounds of a scan that each program has, where programs look back at each other; 0 where they do not. */
  roundsOfChunk(id: BlockId): number {
    return this.#chained.get(id) ?? 0
  }

  /** Threads along a row that the config asks for; 0 leaves it to the compiler. */
  threadsAlong(id: BlockId): number {
    const row = this.sites.rows.findIndex((block) => block.id === id)
    return this.config.numThreads[row] ?? 0
  }

  /** How a load or store accesses memory. */
  indexing(node: LoadNode | StoreNode): Indexing {
    if (node.site === UNNUMBERED) return 'block_ptr'
    const place = node.kind === 'load' ? node.site : this.sites.loads.length + node.site
    return this.config.indexing[place] ?? 'block_ptr'
  }

  /** log2 of the rows of a dot's micro-tiles, or undefined. */
  dotRowBits(node: DotNode): number | undefined {
    const rows = this.config.dotRows[node.site] ?? 0
    return rows === 0 ? undefined : log2Exact(rows)
  }

  /** log2 of the groups of threads, of whole warps each, that share out what a dot contracts. */
  sliceBits(node: DotNode): number {
    return Math.min(log2Exact(this.config.sliceK[node.site] ?? 1), log2Exact(this.extent(depthOf(node))))
  }

  /** How a dot is computed. */
  mma(node: DotNode): Mma {
    return this.config.mma[node.site] ?? 'fma'
  }

  unrollFactor(node: LoopNode): number {
    return this.config.rangeUnrollFactors[node.site] ?? 0
  }

  isStaticRange(node: LoopNode): boolean {
    return this.config.staticRanges[node.site] ?? false
  }

  /** The order in which a loop's blocks are walked, outermost first. */
  orderOf(blocks: readonly BlockId[]): readonly number[] {
    const own = this.#written(blocks)
    const added = blocks.length - own.length
    const order = this.config.loopOrders[this.#severalIndex(own)] ?? own.map((_, i) => i)
    return [...blocks.keys()].map((i) => (i < added ? i : added + (order[i - added] ?? 0)))
  }

  isFlattened(blocks: readonly BlockId[]): boolean {
    return this.config.flattenLoops[this.#severalIndex(blocks)] ?? false
  }

  l2Grouping(blocks: readonly BlockId[]): number {
    const grids = severalBlocks(this.sites).filter((loop) => loop.kind === 'grid')
    const own = this.#written(blocks)
    const index = grids.findIndex((loop) => sameIds(loop.blocks, own))
    return this.config.l2Groupings[index] ?? 1
  }

  get pidType(): PidType {
    return this.config.pidType
  }

  /** Without the blocks that passes have put around those of the author. */
  #written(blocks: readonly BlockId[]): readonly BlockId[] {
    const own = new Set(this.kernel.blocks.map(({ id }) => id))
    const first = blocks.findIndex((id) => own.has(id))
    return first < 0 ? blocks : blocks.slice(first)
  }

  #severalIndex(blocks: readonly BlockId[]): number {
    return severalBlocks(this.sites).findIndex((loop) => sameIds(loop.blocks, blocks))
  }
}

/** What the config may say something of in `split_sums` and `chained_scans`; nothing if it does not. */
function sumsIn(kernel: KernelIr, { splitSums, chainedScans }: Config): readonly SplitEntry[] {
  const isPlain = splitSums.every((parts) => parts === 1) && chainedScans.every((rounds) => rounds === 0)
  return isPlain ? [] : splittableSums(kernel)
}

/** What `block_sizes` says, by block. */
function tileExtents(kernel: KernelIr, { blockSizes }: Config): ReadonlyMap<BlockId, number> {
  return new Map(sitesOf(kernel).tiles.map(({ id }, i) => [id, entry(blockSizes, i, 'block_sizes')]))
}

/** The extents of all other blocks. */
function otherExtents(
  { blocks }: KernelIr,
  { rows }: KernelSites,
  { reductionLoops }: Config,
): readonly (readonly [BlockId, number])[] {
  return [
    ...blocks.flatMap(({ id, extent }) => (extent === undefined ? [] : [[id, extent] as const])),
    ...rows.map(({ id, size }, i) => [id, reductionLoops[i] ?? nextPowerOf2(maxOf(size))] as const),
  ]
}

function entry(list: readonly number[], index: number, field: string): number {
  const value = list[index]
  if (value === undefined) {
    throw new ConfigError(`${field} has ${list.length} entries, the kernel needs more`, {
      remedy: 'Complete it: spec.normalize(config).',
    })
  }
  return value
}

function sameIds(a: readonly BlockId[], b: readonly BlockId[]): boolean {
  return a.length === b.length && a.every((id, i) => id === b[i])
}
