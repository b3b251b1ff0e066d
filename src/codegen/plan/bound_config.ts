/**
 * A config bound to a kernel: extents of blocks, threads, and the entry for every place in the program.
 * Refuses at once what no pass can build on this device.
 */
import type { Config } from '../../config/config.ts'
import type { Indexing, PidType } from '../../config/modes.ts'
import { addressable, type KernelIr, type TensorView } from '../../ir/kernel_ir.ts'
import type { Block, BlockId, DotNode, LoadNode, LoopNode, StoreNode } from '../../ir/node.ts'
import { isMultipleOf, maxOf, type Size, sameSize } from '../../ir/size.ts'
import { ConfigError } from '../../support/errors.ts'
import { log2Exact, nextPowerOf2 } from '../../support/maths.ts'
import type { DeviceLimits } from '../program.ts'
import { depthOf } from './accumulations.ts'
import { type KernelSites, severalBlocks, sitesOf } from './sites.ts'

export class BoundConfig {
  readonly kernel: KernelIr
  readonly config: Config
  readonly limits: DeviceLimits
  readonly sites: KernelSites
  /** Invocations of a workgroup. */
  readonly threads: number
  readonly threadBits: number
  readonly #blocks = new Map<BlockId, Block>()
  readonly #extents = new Map<BlockId, number>()
  readonly #views: TensorView[]
  readonly #even: ReadonlySet<BlockId>

  /**
   * `config` must be complete: normalised by the kernel's ConfigSpec. `even` are blocks whose tiles all lie
   * inside their range at the sizes that the program is for.
   */
  constructor(
    kernel: KernelIr,
    config: Config,
    limits: DeviceLimits,
    even: ReadonlySet<BlockId> = new Set(),
  ) {
    this.#even = even
    this.kernel = kernel
    this.config = config
    this.limits = limits
    this.sites = sitesOf(kernel)
    this.threads = config.numWarps * 32
    if (this.threads > limits.maxWorkgroupInvocations) {
      throw new ConfigError(
        `num_warps ${config.numWarps} makes ${this.threads} invocations; ` +
          `the device allows ${limits.maxWorkgroupInvocations}`,
        { excess: { of: 'invocations', needed: this.threads, limit: limits.maxWorkgroupInvocations } },
      )
    }
    this.threadBits = log2Exact(this.threads)
    this.#views = [...addressable(kernel)]
    for (const block of kernel.blocks) this.#blocks.set(block.id, block)
    this.sites.tiles.forEach((block, i) => {
      this.#extents.set(block.id, entry(config.blockSizes, i, 'block_sizes'))
    })
    this.sites.rows.forEach((block, i) => {
      this.#extents.set(block.id, config.reductionLoops[i] ?? nextPowerOf2(maxOf(block.size)))
    })
  }

  block(id: BlockId): Block {
    const block = this.#blocks.get(id)
    if (!block) throw new Error(`no block ${id}`)
    return block
  }

  /** All blocks, those that passes made included. */
  get blocks(): Iterable<Block> {
    return this.#blocks.values()
  }

  /** Elements of a tile along the block: a power of two. */
  extent(id: BlockId): number {
    return this.block(id).extent ?? this.#extents.get(id) ?? 1
  }

  extentBits(id: BlockId): number {
    return log2Exact(this.extent(id))
  }

  /** True when the last tile of the range may reach beyond its end. */
  isRagged(id: BlockId): boolean {
    if (this.#even.has(id)) return false
    const block = this.block(id)
    // Everything divides a range of nothing, but its tile has an element all the same.
    return block.end === undefined || block.size === 0 || !isMultipleOf(block.size, this.extent(id))
  }

  /** The chunk that a row is streamed in, or undefined when it stays in registers. */
  chunkOf(id: BlockId): number | undefined {
    const row = this.sites.rows.findIndex((block) => block.id === id)
    return this.config.reductionLoops[row] ?? undefined
  }

  /** Threads along a row that the config asks for; 0 leaves it to the compiler. */
  threadsAlong(id: BlockId): number {
    const row = this.sites.rows.findIndex((block) => block.id === id)
    return this.config.numThreads[row] ?? 0
  }

  /** How a load or store accesses memory. */
  indexing(node: LoadNode | StoreNode): Indexing {
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
    return Math.min(log2Exact(this.config.sliceK[node.site] ?? 1), this.extentBits(depthOf(node)))
  }

  unrollFactor(node: LoopNode): number {
    return this.config.rangeUnrollFactors[node.site] ?? 0
  }

  isStaticRange(node: LoopNode): boolean {
    return this.config.staticRanges[node.site] ?? false
  }

  /** The order in which a loop's blocks are walked, outermost first. */
  orderOf(blocks: readonly BlockId[]): readonly number[] {
    const order = this.config.loopOrders[this.#severalIndex(blocks)]
    return order ?? blocks.map((_, i) => i)
  }

  isFlattened(blocks: readonly BlockId[]): boolean {
    return this.config.flattenLoops[this.#severalIndex(blocks)] ?? false
  }

  l2Grouping(blocks: readonly BlockId[]): number {
    const grids = severalBlocks(this.sites).filter((loop) => loop.kind === 'grid')
    const index = grids.findIndex((loop) => sameIds(loop.blocks, blocks))
    return this.config.l2Groupings[index] ?? 1
  }

  get pidType(): PidType {
    return this.config.pidType
  }

  view(id: number): TensorView {
    const view = this.#views[id]
    if (!view) throw new Error(`no tensor ${id}`)
    return view
  }

  get views(): readonly TensorView[] {
    return this.#views
  }

  /** The whole dimensions that the given grid takes. */
  rowsOf(grid: number): readonly Block[] {
    return this.sites.rows.filter((block) => block.grid === grid)
  }

  /** The same memory under another shape; returns the number by which loads and stores name it. */
  addView(view: TensorView): number {
    const known = this.#views.findIndex(
      (other) => other.tensor === view.tensor && sameShape(other.shape, view.shape),
    )
    return known >= 0 ? known : this.#views.push(view) - 1
  }

  /** A block that a pass introduces. */
  addBlock(block: Omit<Block, 'id'>, extent: number): Block {
    const id = Math.max(...this.#blocks.keys()) + 1
    const added = Object.freeze({ ...block, id })
    this.#blocks.set(id, added)
    this.#extents.set(id, extent)
    return added
  }

  #severalIndex(blocks: readonly BlockId[]): number {
    return severalBlocks(this.sites).findIndex((loop) => sameIds(loop.blocks, blocks))
  }
}

/**
 * Blocks that this config cuts into whole tiles at the sizes of a call, though not at all sizes that the
 * kernel was traced for: a program for these needs no masks there.
 */
export function evenBlocks(
  kernel: KernelIr,
  config: Config,
  limits: DeviceLimits,
  sizeOf: (size: Size) => number,
): ReadonlySet<BlockId> {
  const bound = new BoundConfig(kernel, config, limits)
  const even = kernel.blocks.filter(({ id, size, end }) => {
    if (end === undefined || !bound.isRagged(id)) return false
    const positions = sizeOf(size)
    return positions > 0 && positions % bound.extent(id) === 0
  })
  return new Set(even.map(({ id }) => id))
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

function sameShape(a: readonly Size[], b: readonly Size[]): boolean {
  return a.length === b.length && a.every((size, i) => sameSize(size, b[i] ?? -1))
}
