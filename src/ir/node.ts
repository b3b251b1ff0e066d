/**
 * The tile IR: typed SSA over tiles. A tile's axes are named by the blocks that run along them, so a shape is
 * a list of block ids; how many elements a block spans is decided later, by a config. Nodes are plain, frozen
 * data in program order; loops own a nested region. Built by the tracer, read by the interpreter and codegen.
 */
import type { DType } from '../support/dtypes.ts'
import type { SourceLocation } from '../support/errors.ts'
import type { PackedType } from '../support/storage_types.ts'
import type { OpName } from './ops.ts'
import type { Size } from './size.ts'

export type BlockId = number
/** An axis of extent one that belongs to no block. */
export const ONE = -1
/** What runs along one axis of a tile: a block, or ONE. */
export type Axis = BlockId | typeof ONE

export interface TileType {
  readonly dtype: DType
  readonly axes: readonly Axis[]
}

/**
 * A range cut into blocks.
 * `tile`: a dimension of `hl.tile`, its extent is an entry of the config's `block_sizes` (or fixed by the
 * author, or that of a `size`);
 * `grid`: a dimension of `hl.grid`, extent one; `slice`: a whole dimension taken with `':'`, whose extent
 * covers it, or a chunk of it when the config loops over it (`reduction_loops`);
 * `size`: an entry of `block_sizes` that tiles share and sizes name; nothing runs along it.
 */
export interface Block {
  readonly id: BlockId
  readonly kind: 'tile' | 'grid' | 'slice' | 'size'
  readonly name: string
  /** Number of positions, an upper bound when the range depends on data. */
  readonly size: Size
  /** First position after the range; `undefined` when it depends on data. */
  readonly end: Size | undefined
  /** Extent given by the author; otherwise the config decides. */
  readonly extent: number | undefined
  /** How many positions a tile has, where its extent is the power of two above. */
  readonly length?: number
  /** The block of kind `size` whose extent it has. */
  readonly sizedBy?: BlockId
  /** Of kind `size`: the least extent, a power of two. */
  readonly least?: number
  /** Index of the top-level loop that this block lives in. */
  readonly grid: number
  readonly location: SourceLocation | undefined
}

/** The block of a branch: positions 0 to 1, or none, as a condition on the device has it. */
export function isBranch({ kind, size, end }: Pick<Block, 'kind' | 'size' | 'end'>): boolean {
  return kind === 'grid' && size === 1 && end === undefined
}

interface NodeBase {
  readonly id: number
  readonly type: TileType
  readonly location: SourceLocation | undefined
}

/**
 * Something that a config decides about by its place in the kernel: `site` counts the loads, the stores, the
 * dots or the loops of the author's program, in order. Copies that the compiler makes keep the number;
 * branches have none.
 */
interface Site {
  readonly site: number
}

export interface ConstantNode extends NodeBase {
  readonly kind: 'constant'
  readonly value: number
}

/** A size as an i32 scalar. */
export interface SizeNode extends NodeBase {
  readonly kind: 'size'
  readonly size: Size
}

/** A number passed to the kernel: never a bool; the same argument may appear with several dtypes. */
export interface ArgumentNode extends NodeBase {
  readonly kind: 'argument'
  readonly argument: number
}

/** Global positions of the elements along a block: i32 with one axis. */
export interface IndexNode extends NodeBase {
  readonly kind: 'index'
  readonly block: BlockId
}

/** A fact about the block being worked on, an i32 scalar; `end` is clipped to the range. */
export interface RangeNode extends NodeBase {
  readonly kind: 'range'
  readonly block: BlockId
  readonly what: 'begin' | 'end' | 'id' | 'block_size'
}

/**
 * True at positions inside the range; only a tile at the edge of a range that it does not divide has others.
 */
export interface InsideNode extends NodeBase {
  readonly kind: 'inside'
  readonly block: BlockId
}

/** An element-wise operation; operands have the result's axes or none (scalars). */
export interface MapNode extends NodeBase {
  readonly kind: 'map'
  readonly op: OpName
  readonly args: readonly Node[]
}

/** A WGSL expression over parameters, and what it comes to on the CPU. */
export interface InlineCode {
  readonly text: string
  readonly parameters: readonly string[]
  readonly reference: ((...values: number[]) => number) | undefined
}

/** What the author wrote in WGSL, element by element; operands have the result's axes or none (scalars). */
export interface InlineNode extends NodeBase {
  readonly kind: 'inline'
  readonly code: InlineCode
  readonly args: readonly Node[]
}

/** Conversion to `type.dtype`: by value, or of the bits. */
export interface CastNode extends NodeBase {
  readonly kind: 'cast'
  readonly arg: Node
  readonly bits: boolean
  /** Of a conversion by value: gives only what this type of memory can hold. */
  readonly through?: PackedType | undefined
}

/** Renames axes: output axis i is input axis `axes[i]`, or a new ONE axis where that is ONE. */
export interface ViewNode extends NodeBase {
  readonly kind: 'view'
  readonly arg: Node
  readonly axes: readonly number[]
}

/** Repeats ONE axes along blocks; same rank as the operand. */
export interface BroadcastNode extends NodeBase {
  readonly kind: 'broadcast'
  readonly arg: Node
}

/** Elements of a tensor: `tensor[index...]`, each index an i32 tile or scalar. */
interface Access {
  readonly tensor: number
  readonly index: readonly Node[]
  /**
   * False at elements that are left alone, wherever their positions lie: a bool over the axes of the access,
   * or a scalar.
   */
  readonly mask: Node | undefined
}

/**
 * Reads `tensor[index...]`. The result's axes are the union of those of the indices, in order of first
 * appearance. Positions outside the tensor read as zero; elements that are masked, and in padded tiles those
 * past the end of a block that indexes, as `fill`.
 */
export interface LoadNode extends NodeBase, Site, Access {
  readonly kind: 'load'
  /** Zero unless passes choose another value. */
  readonly fill?: number
}

/** Writes `tensor[index...] = value`; positions outside the tensor are dropped. */
export interface StoreNode extends NodeBase, Site, Access {
  readonly kind: 'store'
  readonly value: Node
}

/**
 * `await`: changes nothing, and has a u32 that is not zero, once another program has written one; 0 if none
 * does for a while. Passes put it there.
 */
export type AtomicOp = 'add' | 'max' | 'min' | 'and' | 'or' | 'xor' | 'exchange' | 'compareExchange' | 'await'

/**
 * Read-modify-write of `tensor[index...]`; other programs see each element changed at once. Its value is what
 * was there before, 0 where it does nothing; without axes where nobody reads it.
 */
export interface AtomicNode extends NodeBase, Access {
  readonly kind: 'atomic'
  readonly op: AtomicOp
  readonly value: Node
  /** Of `compareExchange`: the value is written where this is what was there. */
  readonly expected: Node | undefined
}

export type ReduceOp = 'sum' | 'max' | 'min' | 'prod' | 'any' | 'all' | 'argmax' | 'argmin'

/**
 * Removes axis `axis` of the operand. argmax and argmin give a position counted within the tile, whose first
 * element has 0: the first of equals. Of a whole dimension the tile is all of it, however a config walks it.
 */
export interface ReduceNode extends NodeBase {
  readonly kind: 'reduce'
  readonly op: ReduceOp
  readonly arg: Node
  readonly axis: number
}

/**
 * `a[…, m, k] · b[…, k, n] (+ acc[…, m, n])`, accumulated in `type.dtype`. All have as many axes; along the
 * leading ones, each matrix is multiplied by itself, and an operand with ONE has one for all.
 */
export interface DotNode extends NodeBase, Site {
  readonly kind: 'dot'
  readonly a: Node
  readonly b: Node
  readonly acc: Node | undefined
  /**
   * What `acc` is multiplied by first, row by row: of the axes of `acc`, but for the last one. Passes put it
   * here.
   */
  readonly rescale?: Node
}

/**
 * A function of two states that gives one, element by element: `results` over the operands, made of pure
 * scalars alone. Associative, as far as its author promises.
 */
export interface Combine {
  /** The state of the elements that come first, then that of those after them. */
  readonly left: readonly PhiNode[]
  readonly right: readonly PhiNode[]
  readonly results: readonly Node[]
}

/**
 * What combines the elements along axis `axis`: a state has an element of each of `args`, which agree in
 * their axes. Nodes that differ in `part` only are one computation, and each is one part of its state.
 */
interface CombiningNode extends NodeBase {
  readonly combine: Combine
  readonly args: readonly Node[]
  readonly axis: number
  readonly part: number
  /** The state that changes nothing when it is combined, where one is known. */
  readonly identity: readonly number[] | undefined
}

/** All elements along the axis combined, in order; the axis is gone. */
export interface FoldNode extends CombiningNode {
  readonly kind: 'fold'
}

/** Each element combined with all before it along the axis, or after it: those of higher positions first. */
export interface ScanNode extends CombiningNode {
  readonly kind: 'scan'
  readonly reverse: boolean
}

/**
 * The elements along axis `axis` in order, NaN above all numbers, equal ones as they stood; part 0 is their
 * values, part 1 where they stood, i32. Nodes that differ in `part` only are one computation.
 */
export interface SortNode extends NodeBase {
  readonly kind: 'sort'
  readonly arg: Node
  readonly axis: number
  readonly descending: boolean
  readonly part: number
}

/**
 * Elements of a tile value at computed positions. Axis `along[i]` of the operand is taken at `index[i]`, an
 * i32 tile or scalar that counts from the tile's first element; all other axes are axes of the result, too.
 * Positions outside of the range are zero.
 */
export interface GatherNode extends NodeBase {
  readonly kind: 'gather'
  readonly arg: Node
  readonly along: readonly number[]
  readonly index: readonly Node[]
}

/** A value that a loop carries from one iteration to the next, or an operand of a `Combine`. */
export interface PhiNode extends NodeBase {
  readonly kind: 'phi'
}

/** A loop over one or several blocks, outermost first. `results` read the carried values after it. */
export interface LoopNode extends NodeBase, Site {
  readonly kind: 'loop'
  readonly blocks: readonly BlockId[]
  readonly begins: readonly Node[]
  readonly ends: readonly Node[]
  readonly phis: readonly PhiNode[]
  readonly inits: readonly Node[]
  readonly body: Region
  readonly yields: readonly Node[]
}

export interface ResultNode extends NodeBase {
  readonly kind: 'result'
  readonly loop: LoopNode
  readonly index: number
}

export type Region = readonly Node[]

export type Node = PureNode | MemoryNode | CrossingNode | PhiNode | LoopNode | ResultNode

export type Kind = Node['kind']
export type NodeOfKind<K extends Kind> = Extract<Node, { kind: K }>

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never
/** A node without its number. */
export type NodeSpec = DistributiveOmit<Node, 'id'>

/** What touches the memory of tensors. */
export type MemoryNode = LoadNode | StoreNode | AtomicNode
export type WriteNode = StoreNode | AtomicNode

/**
 * What is made of its operands element by element, at so little cost that equal ones are one node and that
 * compiled code may make it again where it is read.
 */
export type PureNode =
  | InlineNode
  | ConstantNode
  | SizeNode
  | ArgumentNode
  | IndexNode
  | RangeNode
  | InsideNode
  | MapNode
  | CastNode
  | ViewNode
  | BroadcastNode

/** What gives the elements of its operand other places, and computes nothing. */
export type MovingNode = ViewNode | BroadcastNode

/** What mixes the elements along an axis of its operands. */
export type CrossingNode = ReduceNode | FoldNode | ScanNode | SortNode | DotNode | GatherNode

/** The type of nodes that have no value. */
export const NO_VALUE: TileType = Object.freeze({ dtype: 'i32', axes: Object.freeze([]) })

/** The site of nodes under construction; the tracer numbers them when a kernel is complete. */
export const UNNUMBERED = -1
