/**
 * The state of lowering one dispatch: where values are, where blocks begin and end, and what the program so
 * far uses. The functions of `lower_*.ts` each turn one family of nodes into statements through it.
 */

import { sameBlocks } from '../../ir/dim_index.ts'
import type { Axis, BlockId, DotNode, LoadNode, MemoryNode, Node, PhiNode, Region } from '../../ir/node.ts'
import { accessed, isMemory } from '../../ir/node_rules.ts'
import { type TileBlock, type TileProgram, tensorOf } from '../../ir/tile_program.ts'
import { operandsOf, walk } from '../../ir/traverse.ts'
import { isPacked } from '../../support/storage_types.ts'
import { accumulations } from '../analysis/accumulations.ts'
import { Layout } from '../layout/layout.ts'
import { contiguousBlock, vectorBits } from '../plan/access.ts'
import type { BoundConfig } from '../plan/bound_config.ts'
import { chooseLayouts, type Layouts } from '../plan/choose_layouts.ts'
import { PackedDots } from '../plan/packed_dots.ts'
import type { Plan } from '../plan/plan.ts'
import { RightOperands } from '../plan/right_operand.ts'
import { layoutForAccess, layoutOfBlocks } from '../plan/streamed_layout.ts'
import { isTile } from '../plan/tile_classes.ts'
import { withoutRepeats } from '../plan/varying.ts'
import type { Expr } from '../thread/expr.ts'
import type { Expressions } from '../thread/expressions.ts'
import { fileName } from '../thread/names.ts'
import type { ThreadProgram } from '../thread/program.ts'
import type { Statement } from '../thread/statements.ts'
import { Writer } from '../thread/writer.ts'
import { Bindings, type PlannedAccess } from './bindings.ts'
import type { StagedRows, Sums } from './contraction.ts'
import { LaunchBlock } from './launch_block.ts'
import type { CameOut, MatrixOperand, Side } from './matrix_operand.ts'
import type { Registers } from './registers.ts'
import { WorkgroupMemory } from './workgroup_memory.ts'

/** Where a block is while its tile is being worked on: u32 expressions. */
export interface BlockPlace {
  readonly begin: Expr
  /** End of the whole range, not clipped to the tile. */
  readonly end: Expr
  /** Number of the tile within the range. */
  readonly id: Expr
}

export class Lowering implements Plan {
  readonly program: TileProgram
  readonly bound: BoundConfig
  readonly out: Writer = new Writer()
  readonly memory: WorkgroupMemory
  readonly launch: LaunchBlock
  readonly bindings: Bindings
  readonly layouts: Layouts
  readonly values: Map<Node, Registers> = new Map()
  /** While a value is made afresh: what has been made for it so far, by node and layout. */
  readonly afresh: { current: Map<string, Registers> | undefined } = { current: undefined }
  /** Dots whose sums a loop carries, with the sums while the loop is open. */
  readonly sums: Map<DotNode, Sums> = new Map()
  /** Operands of products on matrix units that were put in place before the loop that is open. */
  readonly ahead: Map<DotNode, Partial<Record<Side, MatrixOperand>>> = new Map()
  /** Those of products on FMA units, of all loops so far. */
  readonly rowsAhead: Map<DotNode, Partial<Record<Side, StagedRows>>> = new Map()
  /** Emits the reads of the next round, once the operands of a dot are staged. */
  readonly prefetch: Map<DotNode, () => void> = new Map()
  /** Results that came out of fragments, by their layout. */
  readonly cameOut: Map<string, CameOut> = new Map()
  readonly places: Map<BlockId, BlockPlace> = new Map()
  /** Dots that only add to what loops carry. */
  readonly accumulations: ReadonlyMap<DotNode, readonly PhiNode[]>
  /** Right operands of dots, of which parts have no value of their own. */
  readonly rightOperands: RightOperands
  /** Dots of 8-bit integers that stay the words of memory. */
  readonly packedDots: PackedDots
  /** The layout of scalars: one register, every thread a copy. */
  readonly scalarLayout: Layout
  readonly #uses: ReadonlyMap<Node, Uses>

  readonly #hasRoom: boolean
  #tookRoom = false
  readonly #originLines: boolean

  /** With `originLines`, comments name the author's lines; without `hasRoom`, memory is spared. */
  constructor(
    region: Region,
    plan: Plan,
    {
      originLines = false,
      hasRoom = true,
    }: { readonly originLines?: boolean; readonly hasRoom?: boolean } = {},
  ) {
    this.#hasRoom = hasRoom
    this.program = plan.program
    this.bound = plan.bound
    this.#originLines = originLines
    this.memory = new WorkgroupMemory(this.out)
    this.launch = new LaunchBlock(plan.program, this.out)
    this.layouts = chooseLayouts(region, plan)
    this.scalarLayout = new Layout([], new Array(plan.bound.threadBits).fill(undefined))
    this.accumulations = accumulations(region)
    this.#uses = usesIn(region)
    const onlyReader = (node: Node): Node | undefined => this.onlyReader(node)
    this.rightOperands = new RightOperands(region, plan.program, this.layouts, onlyReader)
    this.packedDots = new PackedDots(region, plan, this)
    const accesses: PlannedAccess[] = []
    walk(region, (node) => {
      if (isMemory(node)) accesses.push({ node, width: this.accessWidth(node) })
    })
    this.bindings = new Bindings(plan.program, this.out, accesses)
  }

  /** True where workgroup memory may be taken to save time. */
  mayTakeRoom(): boolean {
    this.#tookRoom ||= this.#hasRoom
    return this.#hasRoom
  }

  /** True when it was: there is a way with less. */
  get tookRoom(): boolean {
    return this.#tookRoom
  }

  /** The layout in which an access touches memory. */
  accessLayout(node: MemoryNode): Layout {
    const value = accessed(node)
    if (!isTile(value)) return this.scalarLayout
    const own = this.layouts.of(value) ?? this.#layoutOfIndex(node)
    const staged = node.kind !== 'atomic' && this.bound.indexing(node) === 'tensor_descriptor'
    return own && !staged ? own : layoutForAccess(node, this)
  }

  /** Where the positions of an access come about that spread over all its blocks. */
  #layoutOfIndex(node: MemoryNode): Layout | undefined {
    const value = accessed(node)
    const index = node.index.find((position) => sameBlocks(position, value))
    return index && this.layouts.of(index)
  }

  /** The layout in which memory is read: of elements that are certainly equal a thread reads one. */
  readLayout(node: LoadNode): Layout {
    return withoutRepeats(this.accessLayout(node), node, this.program)
  }

  /** Elements that an access takes at once: as the layout holds them together, and memory allows. */
  accessWidth(node: MemoryNode): number {
    const block = contiguousBlock(node)
    if (block === undefined) return 1
    const layout = node.kind === 'load' ? this.readLayout(node) : this.accessLayout(node)
    const together = layout.contiguity(block)
    const asWords = node.kind === 'load' || !isPacked(tensorOf(this.program, node.tensor).dtype)
    return 2 ** Math.min(together, vectorBits(node, this, asWords ? 16 : 4))
  }

  /** The following lines are what the node means. */
  comesFrom({ location }: Node): void {
    if (this.#originLines && location) this.out.comesFrom(`${fileName(location.file)}:${location.line}`)
  }

  /** The layout of a value's class, or one that suits a value that no class claims. */
  layoutOf(node: Node): Layout {
    return this.layouts.of(node) ?? this.layoutOfBlocks(node.type.axes)
  }

  /** A layout for a value over these axes that no class claims. */
  layoutOfBlocks(axes: readonly Axis[]): Layout {
    return layoutOfBlocks(axes, this)
  }

  /** Makes a whole dimension known, from its beginning. */
  enterRow({ id, size }: TileBlock): void {
    this.places.set(id, { begin: this.e.u32(0), end: this.launch.size(size), id: this.e.u32(0) })
  }

  place(block: BlockId): BlockPlace {
    const place = this.places.get(block)
    if (!place) throw new Error(`block ${block} is not being iterated`)
    return place
  }

  /** True when something reads the value. */
  isRead(node: Node): boolean {
    return this.#uses.has(node)
  }

  /** True when the value is read once, in the region where it is made: it needs no name of its own. */
  isUsedOnce(node: Node): boolean {
    return this.#uses.get(node)?.count === 1
  }

  /** What reads a value, where that is one node in the region where it is made. */
  onlyReader(node: Node): Node | undefined {
    const uses = this.#uses.get(node)
    return uses?.count === 1 ? uses.reader : undefined
  }

  /** The program with this body; refuses what the device has no room for. */
  threadProgram(body: readonly Statement[]): ThreadProgram {
    const { limits, threads } = this.bound
    this.bindings.check(limits)
    this.memory.check(limits.maxWorkgroupBytes)
    return {
      threads,
      subgroupSize: limits.subgroupSize,
      buffers: this.bindings.list,
      arrays: this.memory.list,
      fields: this.launch.fields,
      body,
    }
  }

  /** Makes the expressions of this program. */
  get e(): Expressions {
    return this.out.expressions
  }

  /** The invocation's number within its workgroup. */
  get thread(): Expr {
    return this.e.builtin('thread')
  }

  /**
   * Holds for one of the threads that differ in these bits of their number only; undefined when there are no
   * such bits, and every thread is one.
   */
  isFirstCopy(mask: number): Expr | undefined {
    const { e } = this
    return mask === 0 ? undefined : e.binary('==', e.binary('&', this.thread, e.u32(mask)), e.u32(0))
  }
}

/** How often a value is read, and by which node last. */
interface Uses {
  readonly count: number
  readonly reader: Node
}

/** Values that are read in another region than their own count as read more than once. */
function usesIn(region: Region): ReadonlyMap<Node, Uses> {
  const uses = new Map<Node, Uses>()
  const count = (node: Node, reader: Node, times: number): void => {
    uses.set(node, { count: (uses.get(node)?.count ?? 0) + times, reader })
  }
  const home = new Map<Node, Region>()
  const visit = (nodes: Region): void => {
    for (const node of nodes) {
      home.set(node, nodes)
      if (node.kind === 'loop') for (const phi of node.phis) home.set(phi, node.body)
      for (const operand of operandsOf(node)) count(operand, node, home.get(operand) === nodes ? 1 : 2)
      if (node.kind !== 'loop') continue
      visit(node.body)
      for (const value of node.yields) count(value, node, 2)
    }
  }
  visit(region)
  return uses
}
