/**
 * The compiler: from a traced kernel and a config to WGSL. A pure function; each grid of the program becomes
 * one dispatch. Throws ConfigError when this config cannot be built for this device.
 */
import type { Config } from '../config/config.ts'
import { NodeFactory } from '../ir/build.ts'
import type { KernelIr } from '../ir/kernel_ir.ts'
import type { BlockId } from '../ir/node.ts'
import { type Size, sizeOp, sizeProduct } from '../ir/size.ts'
import { blockOf, frozenProgram, scratchOf, type TileGrid, type TileProgram } from '../ir/tile_program.ts'
import { verifyProgram } from '../ir/verify.ts'
import { ConfigError } from '../support/errors.ts'
import { STORAGE, type StorageType } from '../support/storage_types.ts'
import { growingBlocks } from './analysis/growing_programs.ts'
import { checkRegisters, checkTiles } from './lower/check_registers.ts'
import { lowerRegion } from './lower/lower.ts'
import { lowerGrid } from './lower/lower_grid.ts'
import { fillLoads } from './passes/fill_loads.ts'
import { flatGuards, flattenLoops } from './passes/flatten_loops.ts'
import { insertMasks } from './passes/insert_masks.ts'
import type { Pass } from './passes/pass.ts'
import { removeDead } from './passes/remove_dead_nodes.ts'
import { rollReductions } from './passes/roll_reductions.ts'
import { BoundConfig } from './plan/bound_config.ts'
import { type Plan, programFor } from './plan/plan.ts'
import type { DeviceLimits, Memory, WgslDispatch, WgslProgram } from './program.ts'
import { advanceStores } from './schedule/advance_stores.ts'
import { delayValues } from './schedule/delay_values.ts'
import { placeBarriers } from './schedule/place_barriers.ts'
import { Lowering } from './state/lowering.ts'
import { deferReductions } from './sums/defer_reductions.ts'
import { rescaleInProducts } from './sums/lazy_rescale.ts'
import { splitSums } from './sums/split_sums.ts'
import type { ThreadProgram } from './thread/program.ts'
import { printProgram } from './wgsl/print_program.ts'

const PASSES: readonly Pass[] = [
  { name: 'flatten loops', run: flattenLoops },
  { name: 'fill loads', run: fillLoads },
  { name: 'insert masks', run: insertMasks },
  { name: 'roll reductions', run: rollReductions },
  { name: 'split sums', run: splitSums },
  { name: 'rescale in products', run: rescaleInProducts },
  { name: 'defer reductions', run: deferReductions },
  { name: 'remove dead nodes', run: removeDead },
]

export interface CompileOptions {
  /** Called with the program after every pass, for debugging and tests. */
  readonly onPass?: (pass: string, program: TileProgram) => void
  /** Called with the thread program of every dispatch, for debugging. */
  readonly onProgram?: (program: ThreadProgram) => void
  /** Comments in the WGSL name the author's file and line. */
  readonly originLines?: boolean
  /** Blocks that need no masks at the sizes in question, see `evenBlocks`. */
  readonly even?: ReadonlySet<BlockId>
}

/** `config` must be complete, as `ConfigSpec.normalize` makes it. */
export function compileKernel(
  kernel: KernelIr,
  config: Config,
  limits: DeviceLimits,
  options: CompileOptions = {},
): WgslProgram {
  const bound = new BoundConfig(kernel, config, limits)
  return wgslOf({ program: runPasses(bound, options), bound }, options)
}

/** The program that the passes make of a kernel, checked by the verifier after each. */
export function runPasses(
  bound: BoundConfig,
  { even, onPass }: Pick<CompileOptions, 'even' | 'onPass'> = {},
): TileProgram {
  const nodes = new NodeFactory()
  let program = programFor(bound, even)
  for (const { name, run } of PASSES) {
    const before = program
    program = frozenProgram(run({ program, bound }, nodes))
    if (program !== before) verifyProgram(program, before)
    onPass?.(name, program)
  }
  return program
}

/** Layouts, thread programs and text; one dispatch for each grid. */
export function wgslOf(plan: Plan, options: CompileOptions = {}): WgslProgram {
  const { program } = plan
  const scratch = scratchOf(program)
  return {
    dispatches: program.grids.map((grid, number) => compileGrid(plan, grid, number, options)),
    scratch: scratch.map(({ dtype, shape, fill }) => {
      return { dtype, fill, bytes: bytesOf(dtype, sizeProduct(shape)) }
    }),
    guards: [...plan.bound.guards, ...flatGuards(program, plan.bound.kernel)],
  }
}

/** Takes workgroup memory to save time, and spares it where that is too much. */
function compileGrid(plan: Plan, grid: TileGrid, number: number, options: CompileOptions): WgslDispatch {
  const { originLines = false } = options
  const lowering = new Lowering(grid.body, plan, { originLines })
  try {
    return dispatchOf(plan, grid, number, options, lowering)
  } catch (error) {
    const isTooMuch = error instanceof ConfigError && error.excess?.of === 'workgroup bytes'
    if (!isTooMuch || !lowering.tookRoom) throw error
    const again = new Lowering(grid.body, plan, { originLines, hasRoom: false })
    return dispatchOf(plan, grid, number, options, again)
  }
}

function dispatchOf(
  plan: Plan,
  grid: TileGrid,
  number: number,
  options: CompileOptions,
  lowering: Lowering,
): WgslDispatch {
  const { program: tiles, bound } = plan
  checkTiles(grid.body, lowering)
  for (const row of grid.rows) lowering.enterRow(blockOf(tiles, row))
  const { blocks, body } = grid
  const dimensions = { blocks, backwards: growingBlocks(body, blocks) }
  const launched = lowerGrid(lowering, dimensions, () => lowerRegion(lowering, body))
  const program = lowering.threadProgram(placeBarriers(advanceStores(delayValues(lowering.out.statements))))
  const registers = checkRegisters(program, bound)
  options.onProgram?.(program)
  const wordsIn = lowering.launch.storage(bound.limits)
  return {
    label: tiles.grids.length > 1 ? `${tiles.name}_${number}` : tiles.name,
    wgsl: printProgram(program, wordsIn),
    workgroupSize: program.threads,
    bindings: program.buffers.map(({ tensor, access }) => ({ ...memoryOf(tiles, tensor), access })),
    words: program.fields.map(({ word }) => word),
    wordsIn,
    grid: launched,
    workgroupBytes: lowering.memory.bytes,
    registers,
  }
}

/** Bytes of so many elements. */
function bytesOf(dtype: StorageType, count: Size): Size {
  const { bits } = STORAGE[dtype]
  return bits < 8 ? sizeOp('cdiv', count, 8 / bits) : sizeOp('mul', count, bits / 8)
}

/** What a tensor of the program is for the launcher. */
function memoryOf(program: TileProgram, id: number): Memory {
  const scratch = scratchOf(program).findIndex((tensor) => tensor.id === id)
  return scratch >= 0 ? { scratch } : { tensor: id }
}
