/** What the programs of one grid come to, as formulas of sizes. */
import { dotAxes } from '../ir/dot_axes.ts'
import { type Axis, type BlockId, isBranch, type LoopNode, type Node, ONE, type Region } from '../ir/node.ts'
import { isMoving, isPure, isWrite } from '../ir/node_rules.ts'
import { type Size, sizeOp, sizeProduct } from '../ir/size.ts'
import { blockOf, type TileGrid, type TileProgram, tensorOf } from '../ir/tile_program.ts'
import { operandRoles, operandsOf } from '../ir/traverse.ts'
import { STORAGE } from '../support/storage_types.ts'

/** Elements of a tile along a block, where that is more than the program's own extent says. */
export type LengthOf = (id: BlockId) => Size | undefined

/** What programs come to: of all of them, unless said otherwise. */
export interface Counts {
  readonly workgroups: Size
  /** Bodies of innermost loops that one workgroup runs through, at least 1. */
  readonly rounds: Size
  /** Elements of the tile that one workgroup is for. */
  readonly outputs: Size
  /** Positions that the tiles of grids, loops and rows cover, and those of them inside their ranges. */
  readonly computed: Size
  readonly needed: Size
  /** Loaded from and stored to tensors, as often as programs ask. */
  readonly bytes: Size
  /** Operations on elements; a product of matrices has two for each. */
  readonly operations: Size
}

export interface GridCounts extends Counts {
  /** Programs along each dimension. */
  readonly along: readonly Size[]
}

/** One workgroup a program. */
export function gridCounts(program: TileProgram, grid: TileGrid, longer: LengthOf): GridCounts {
  const { blocks, rows, body } = grid
  const lengthOf = (id: BlockId): Size => longer(id) ?? blockOf(program, id).extent
  const countOf = (id: BlockId): Size => sizeOp('cdiv', blockOf(program, id).size, lengthOf(id))
  const elementsOf = (axes: readonly Axis[]): Size =>
    sizeProduct(axes.flatMap((axis) => (axis === ONE ? [] : [lengthOf(axis)])))
  const looped = loopedBlocks(program, body)
  // Rows that are whole here may have several rounds at other sizes.
  const whole = rows.filter((id) => !looped.has(id))
  const ranges = [...blocks, ...looped, ...whole]
  const along = blocks.map(countOf)
  const workgroups = sizeProduct(along)
  const inRounds = sizeProduct(whole.map(countOf))
  const ofAll = (each: (node: Node) => Size): Size =>
    sizeProduct([workgroups, inRounds, totalOf(program, body, countOf, each)])
  return {
    along,
    workgroups,
    rounds: sizeOp('mul', roundsOf(program, body, countOf), inRounds),
    outputs: elementsOf(blocks),
    computed: sizeProduct(ranges.map((id) => sizeOp('mul', countOf(id), lengthOf(id)))),
    needed: sizeProduct(ranges.map((id) => blockOf(program, id).size)),
    bytes: ofAll((node) => bytesOf(program, node, elementsOf)),
    operations: ofAll((node) => operationsOf(node, elementsOf)),
  }
}

type CountOf = (id: BlockId) => Size

/** The blocks of all loops but branches. */
function loopedBlocks(program: TileProgram, region: Region): ReadonlySet<BlockId> {
  const loops = loopsOf(region)
  return new Set(
    loops.flatMap(({ blocks, body }) => [
      ...blocks.filter((id) => !isBranch(blockOf(program, id))),
      ...loopedBlocks(program, body),
    ]),
  )
}

function roundsOf(program: TileProgram, region: Region, countOf: CountOf): Size {
  const loops = loopsOf(region)
  if (loops.length === 0) return 1
  return loops
    .map(({ blocks, body }) => sizeProduct([...blocks.map(countOf), roundsOf(program, body, countOf)]))
    .reduce((a, b) => sizeOp('add', a, b))
}

/** The sum over all nodes, as often as one program runs them. */
function totalOf(program: TileProgram, region: Region, countOf: CountOf, each: (node: Node) => Size): Size {
  const parts = region.map((node) =>
    node.kind === 'loop'
      ? sizeProduct([...node.blocks.map(countOf), totalOf(program, node.body, countOf, each)])
      : each(node),
  )
  const known = parts.reduce<number>((sum, part) => (typeof part === 'number' ? sum + part : sum), 0)
  const rest = parts.filter((part) => typeof part !== 'number')
  return rest.reduce<Size>((a, b) => sizeOp('add', a, b), known)
}

function bytesOf(program: TileProgram, node: Node, elementsOf: (axes: readonly Axis[]) => Size): Size {
  if (node.kind !== 'load' && !isWrite(node)) return 0
  const axes = new Set(node.index.flatMap(({ type }) => type.axes))
  const { bits } = STORAGE[tensorOf(program, node.tensor).dtype]
  return sizeOp('cdiv', sizeOp('mul', elementsOf([...axes]), bits), 8)
}

function operationsOf(node: Node, elementsOf: (axes: readonly Axis[]) => Size): Size {
  if (node.kind === 'dot') {
    const { batch, rows, depth, columns } = dotAxes(node)
    return sizeOp('mul', 2, elementsOf([...batch, rows, depth, columns]))
  }
  const reduced = operandRoles(node).find(({ role }) => role === 'whole')
  if (reduced) return elementsOf(reduced.operand.type.axes)
  return isPure(node) && !isMoving(node) && operandsOf(node).length > 0 ? elementsOf(node.type.axes) : 0
}

function loopsOf(region: Region): readonly LoopNode[] {
  return region.filter((node) => node.kind === 'loop')
}
