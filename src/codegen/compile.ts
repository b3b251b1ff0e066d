/**
 * The compiler: from a traced kernel and a config to WGSL. A pure function; each top-level loop becomes one
 * dispatch. Throws ConfigError when this config cannot be built for this device.
 */
import type { Config } from '../config/config.ts'
import { NodeFactory, RegionBuilder } from '../ir/build.ts'
import type { Grid, KernelIr } from '../ir/kernel_ir.ts'
import type { BlockId } from '../ir/node.ts'
import { printRegion } from '../ir/print.ts'
import { removeDeadNodes } from '../ir/traverse.ts'
import { verifyRegion } from '../ir/verify.ts'
import { lowerRegion } from './lower/lower.ts'
import { lowerGrid } from './lower/lower_grid.ts'
import { Lowering } from './lower/lowering.ts'
import { flattenGrid } from './passes/flatten_loops.ts'
import { insertMasks } from './passes/insert_masks.ts'
import { rollReduction } from './passes/roll_reductions.ts'
import { BoundConfig } from './plan/bound_config.ts'
import { checkRegisters } from './plan/check_registers.ts'
import type { DeviceLimits, WgslDispatch, WgslProgram } from './program.ts'
import { placeBarriers } from './thread/place_barriers.ts'
import type { ThreadProgram } from './thread/program.ts'
import { printProgram } from './wgsl/print_program.ts'

/** A grid on its way through the passes. */
type GridState = Pick<Grid, 'blocks' | 'body'>

/** A step of the compiler, on the region of one grid. */
interface Pass {
  readonly name: string
  readonly run: (grid: GridState, bound: BoundConfig, builder: RegionBuilder) => GridState
}

const PASSES: readonly Pass[] = [
  { name: 'flatten loops', run: flatten },
  {
    name: 'insert masks',
    run: (grid, bound, builder) => ({ ...grid, body: insertMasks(grid.body, bound, builder) }),
  },
  { name: 'roll reductions', run: roll },
  {
    name: 'remove dead nodes',
    run: (grid, _bound, builder) => ({ ...grid, body: removeDeadNodes(grid.body, builder) }),
  },
]

export interface CompileOptions {
  /** Called with the IR after every pass, for debugging. */
  readonly onPass?: (pass: string, text: string) => void
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
  const bound = new BoundConfig(kernel, config, limits, options.even)
  return { dispatches: kernel.grids.map((grid, number) => compileGrid(grid, number, bound, options)) }
}

function compileGrid(grid: Grid, number: number, bound: BoundConfig, options: CompileOptions): WgslDispatch {
  const state = runPasses(grid, bound, options)
  const lowering = new Lowering(state.body, bound, options.originLines)
  const registers = checkRegisters(state.body, lowering)
  for (const block of bound.rowsOf(number)) lowering.enterRow(block)
  const launched = lowerGrid(lowering, state.blocks, () => lowerRegion(lowering, state.body))
  const program = lowering.program(placeBarriers(lowering.out.statements))
  options.onProgram?.(program)
  const wordsIn = lowering.launch.storage(bound.limits)
  return {
    label: bound.kernel.grids.length > 1 ? `${bound.kernel.name}_${number}` : bound.kernel.name,
    wgsl: printProgram(program, wordsIn),
    workgroupSize: program.threads,
    bindings: program.buffers.map(({ tensor, access }) => ({ tensor, access })),
    words: program.fields.map(({ word }) => word),
    wordsIn,
    grid: launched,
    workgroupBytes: lowering.memory.bytes,
    registers,
  }
}

function runPasses(grid: Grid, bound: BoundConfig, { onPass }: CompileOptions): GridState {
  const factory = new NodeFactory()
  const ranks = (): number[] => bound.views.map((view) => view.shape.length)
  let state: GridState = { blocks: grid.blocks, body: grid.body }
  for (const { name, run } of PASSES) {
    state = run(state, bound, new RegionBuilder(factory))
    verifyRegion(state.body, new Set([...bound.blocks].map((block) => block.id)), ranks())
    onPass?.(name, printRegion(state.body, [...bound.blocks]))
  }
  return state
}

function flatten(grid: GridState, bound: BoundConfig, builder: RegionBuilder): GridState {
  if (!bound.isFlattened(grid.blocks)) return grid
  const { body, block } = flattenGrid(grid, bound, builder)
  return { blocks: [block], body }
}

function roll(grid: GridState, bound: BoundConfig, builder: RegionBuilder): GridState {
  const rows = bound.sites.rows.filter((row) => bound.chunkOf(row.id) !== undefined)
  let { body } = grid
  for (const row of rows) body = rollReduction(body, row.id, bound, builder.fresh())
  return { ...grid, body }
}
