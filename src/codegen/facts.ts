/**
 * What a kernel comes to under a config, said without a GPU: counts as formulas of sizes, which hold for all
 * shapes of the same specialisation, and what threads and workgroups need as numbers. Tiles that a shape has
 * no room for have in the formulas the length that the config asks for, as far as other shapes have room.
 */
import type { Config } from '../config/config.ts'
import type { KernelIr } from '../ir/kernel_ir.ts'
import type { BlockId } from '../ir/node.ts'
import { type Size, sizeOp } from '../ir/size.ts'
import { nextPowerOf2 } from '../support/maths.ts'
import { runPasses } from './compile.ts'
import { type Counts, type GridCounts, gridCounts, type LengthOf } from './grid_counts.ts'
import { persistentWorkgroups } from './lower/lower_grid.ts'
import { BoundConfig } from './plan/bound_config.ts'
import { evenBlocks } from './plan/plan.ts'
import type { DeviceLimits, WgslProgram } from './program.ts'

/** Of all dispatches together; what is of one workgroup is of the dispatch that does the most. */
export interface KernelFacts extends Counts {
  readonly dispatches: number
  /** Invocations of a workgroup. */
  readonly threads: number
  /** The most of any dispatch: 32-bit registers of a thread, bytes of workgroup memory. */
  readonly registers: number
  readonly workgroupBytes: number
  /** What a launch needs of something of which the device has `most`: beyond that it is refused. */
  readonly limits: readonly FactLimit[]
}

export interface FactLimit {
  readonly needs: Size
  readonly most: number
}

export interface FactsRequest {
  /** Complete, as `ConfigSpec.normalize` makes it, and what it was compiled to for the sizes at hand. */
  readonly config: Config
  readonly compiled: WgslProgram
  /** The same before it was fitted to the sizes at hand. */
  readonly asked: Config
  /** The sizes at hand. */
  readonly sizeOf: (size: Size) => number
}

/** `compileKernel` says whether the config can be built at all. */
export function kernelFacts(kernel: KernelIr, limits: DeviceLimits, request: FactsRequest): KernelFacts {
  const { config, sizeOf } = request
  const { dispatches, scratch } = request.compiled
  const bound = new BoundConfig(kernel, config, limits)
  const program = runPasses(bound, { even: evenBlocks(kernel, config, limits, sizeOf) })
  const lengthOf = lengthsOf(bound, request)
  const grids = program.grids.map((grid) => inWorkgroups(gridCounts(program, grid, lengthOf), bound))
  const main = mostOf(grids, ({ operations }) => sizeOf(operations))
  const total = (part: (grid: GridCounts) => Size): Size =>
    grids.map(part).reduce((a, b) => sizeOp('add', a, b), 0)
  return {
    workgroups: total(({ workgroups }) => workgroups),
    rounds: main?.rounds ?? 0,
    outputs: main?.outputs ?? 0,
    computed: total(({ computed }) => computed),
    needed: total(({ needed }) => needed),
    bytes: total(({ bytes }) => bytes),
    operations: total(({ operations }) => operations),
    dispatches: dispatches.length,
    threads: bound.threads,
    registers: Math.max(0, ...dispatches.map(({ registers }) => registers)),
    workgroupBytes: Math.max(0, ...dispatches.map(({ workgroupBytes }) => workgroupBytes)),
    limits: [
      ...scratch.map(({ bytes }) => ({ needs: bytes, most: limits.maxBindingBytes })),
      ...(bound.pidType === 'xyz' ? grids : [])
        .flatMap(({ along }) => along)
        .map((needs) => ({ needs, most: limits.maxWorkgroupsPerDimension })),
    ].filter(({ needs }) => typeof needs !== 'number'),
  }
}

/** Workgroups that stay take several programs each, round by round. */
function inWorkgroups(counts: GridCounts, bound: BoundConfig): GridCounts {
  if (bound.pidType === 'flat' || bound.pidType === 'xyz') return counts
  const workgroups = sizeOp('min', counts.workgroups, persistentWorkgroups(bound))
  const each = sizeOp('cdiv', counts.workgroups, workgroups)
  return { ...counts, workgroups, rounds: sizeOp('mul', counts.rounds, each) }
}

/** Elements of a tile along a block at all sizes: what is asked for, as far as there is room for it. */
function lengthsOf(bound: BoundConfig, { asked, sizeOf }: FactsRequest): LengthOf {
  const lengths = new Map<BlockId, Size>()
  const put = (id: BlockId, size: Size, wanted: unknown): void => {
    const extent = bound.extent(id)
    if (typeof size === 'number') return
    const room = sizeOp('next_power_of_2', size, 1)
    // Products have tiles beyond the edge of a small matrix.
    const least = extent > nextPowerOf2(sizeOf(size)) ? extent : 1
    if (typeof wanted !== 'number') lengths.set(id, room)
    else if (wanted > extent) lengths.set(id, sizeOp('min', wanted, sizeOp('max', room, least)))
  }
  bound.sites.tiles.forEach(({ id, size }, i) => {
    put(id, size, asked.blockSizes[i] ?? bound.extent(id))
  })
  bound.sites.rows.forEach(({ id, size }, i) => {
    put(id, size, i in asked.reductionLoops ? asked.reductionLoops[i] : bound.chunkOf(id))
  })
  return (id) => lengths.get(id)
}

function mostOf<T>(list: readonly T[], amountOf: (one: T) => number): T | undefined {
  return list.reduce<T | undefined>((a, b) => (a && amountOf(a) >= amountOf(b) ? a : b), undefined)
}
