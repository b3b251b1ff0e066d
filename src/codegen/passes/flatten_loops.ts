/**
 * Walks a multi-dimensional grid as one dimension (`flatten_loops`). Accesses that take all its dimensions in
 * order become accesses of a one-dimensional view; others compute their position by division and remainder.
 */
import { type NodeFactory, RegionBuilder, sizeNode, tileType } from '../../ir/build.ts'
import type { Guard, KernelIr } from '../../ir/kernel_ir.ts'
import type { BlockId, Node, TileType } from '../../ir/node.ts'
import { isCrossing, isMemory, isMoving, isPure } from '../../ir/node_rules.ts'
import { maxOf, type Size, sameSize, sizeProduct } from '../../ir/size.ts'
import {
  addBlock,
  addView,
  blockOf,
  mapGrids,
  type TileBlock,
  type TileGrid,
  type TileProgram,
  type TileTensor,
  tensorOf,
} from '../../ir/tile_program.ts'
import { rewriteRegion } from '../../ir/traverse.ts'
import { ConfigError } from '../../support/errors.ts'
import { product } from '../../support/maths.ts'
import type { Plan } from '../plan/plan.ts'

const MOST_POSITIONS = 2 ** 32 - 1
const TOO_LONG = 'flatten_loops makes a range too long for 32-bit positions'

/** Walks the grids that the config flattens as one dimension each. */
export function flattenLoops({ program, bound }: Plan, nodes: NodeFactory): TileProgram {
  return program.grids.reduce(
    (flattened, grid) =>
      bound.isFlattened(grid.blocks) ? flattenGrid(flattened, grid, new RegionBuilder(nodes)) : flattened,
    program,
  )
}

function flattenGrid(program: TileProgram, grid: TileGrid, builder: RegionBuilder): TileProgram {
  const blocks = grid.blocks.map((id) => blockOf(program, id))
  const size = flatSize(blocks)
  const template = blocks[0] ?? blockOf(program, 0)
  const extent = product(blocks.map((block) => block.extent))
  const added = addBlock(program, { ...template, name: 'flat', size, end: size }, extent)
  const flat: Flat = { blocks, id: added.id }
  let flattened = added.program
  rewriteRegion(grid.body, builder, new Map(), (spec, node, inner) => {
    const type = flatType(spec.type, flat.id)
    if (isMemory(spec)) {
      if (!isWhole(node, flat, tensorOf(program, spec.tensor))) return { ...spec, type }
      const view = addView(flattened, spec.tensor, [size])
      flattened = view.program
      return { ...spec, type, tensor: view.id, index: [flatIndex(inner, flat)] }
    }
    if (spec.kind === 'index') return position(inner, flat, spec.block)
    if (spec.kind === 'inside') return { ...spec, type, block: flat.id }
    if (isMoving(spec) && (spec.kind === 'view' || spec.arg.type.axes.length > 0)) return spec.arg
    // What mixes elements mixes scalars only, see canFlatten.
    if (!('block' in spec) && (isPure(spec) || isCrossing(spec))) return { ...spec, type }
    throw new Error(`a grid with a ${spec.kind} cannot be flattened`)
  })
  const result: TileGrid = { ...grid, blocks: [flat.id], body: builder.nodes }
  return mapGrids(flattened, (other) => (other === grid ? result : other))
}

function flatSize(blocks: readonly TileBlock[]): Size {
  const size = sizeProduct(blocks.map((block) => block.size))
  if (typeof size !== 'number' || size <= MOST_POSITIONS) return size
  throw new ConfigError(`${TOO_LONG}: ${size} is more than ${MOST_POSITIONS}`)
}

/** What every launch of the program checks: that 32 bits count the positions of flattened loops. */
export function flatGuards(program: TileProgram, { blocks }: Pick<KernelIr, 'blocks'>): readonly Guard[] {
  return program.blocks.flatMap(({ id, size: left, location }) =>
    blocks.some((block) => block.id === id) || maxOf(left) <= MOST_POSITIONS
      ? []
      : [{ relation: 'le', left, right: MOST_POSITIONS, reason: TOO_LONG, location }],
  )
}

/** The dimensions that become one, and the block of that. */
interface Flat {
  readonly blocks: readonly TileBlock[]
  readonly id: BlockId
}

/**
 * The position along one of the old dimensions; unsigned, so that division is one instruction where it can
 * be.
 */
function position(builder: RegionBuilder, flat: Flat, id: BlockId): Node {
  const location = undefined
  const { blocks } = flat
  const at = blocks.findIndex((block) => block.id === id)
  const along = tileType('u32', [flat.id])
  const scalar = (size: Size): Node =>
    builder.add({ kind: 'cast', type: tileType('u32'), location, arg: sizeNode(builder, size), bits: false })
  const divided = (op: 'floorDiv' | 'rem', value: Node, size: Size): Node =>
    builder.add({ kind: 'map', type: along, location, op, args: [value, scalar(size)] })

  let result: Node = builder.add({
    kind: 'cast',
    type: along,
    location,
    arg: flatIndex(builder, flat),
    bits: false,
  })
  const inner = sizeProduct(blocks.slice(at + 1).map((block) => block.size))
  if (inner !== 1) result = divided('floorDiv', result, inner)
  if (at > 0) result = divided('rem', result, blocks[at]?.size ?? 1)
  return builder.add({ kind: 'cast', type: tileType('i32', [flat.id]), location, arg: result, bits: false })
}

function flatIndex(builder: RegionBuilder, { id }: Flat): Node {
  return builder.add({ kind: 'index', type: tileType('i32', [id]), location: undefined, block: id })
}

/** True for an access that takes all of a tensor, its dimensions in order. */
function isWhole(node: Node, { blocks }: Flat, { shape }: TileTensor): boolean {
  const index = isMemory(node) ? node.index : []
  return (
    index.length === blocks.length &&
    blocks.every(({ id, size }, i) => {
      const at = index[i]
      return at?.kind === 'index' && at.block === id && sameSize(shape[i] ?? -1, size)
    })
  )
}

function flatType(type: TileType, flat: BlockId): TileType {
  return type.axes.length === 0
    ? type
    : tileType(type.dtype, type.axes.some((axis) => axis >= 0) ? [flat] : [])
}
