/**
 * The kernel being traced. Author code runs once on symbolic tensors and every operation lands here; `finish`
 * turns the record into a KernelIr. Only one trace is open at a time, and none outside `traceKernel`.
 */
import { NodeFactory, sizeNode, tileType } from '../../ir/build.ts'
import type { Grid, Guard, ScalarInfo, Specialization, TensorInfo, TensorView } from '../../ir/kernel_ir.ts'
import type { Block, BlockId, Node, NodeOfKind, NodeSpec } from '../../ir/node.ts'
import { isPure } from '../../ir/node_rules.ts'
import { maxOf, printSize, type Size, sameSize, symbolsOf } from '../../ir/size.ts'
import { copyInto } from '../../ir/traverse.ts'
import { callSite } from '../../support/call_site.ts'
import { DTYPES, type DType, isFloat } from '../../support/dtypes.ts'
import { AuthorError, type SourceLocation } from '../../support/errors.ts'
import { BlockTable } from './blocks.ts'
import { type LoopRange, rootScope, type Scope, type ScopeKind } from './scope.ts'
import type { Tunables } from './tunables.ts'

/** Thrown through the author's code to trace again with more facts about the arguments. */
export class RetraceSignal extends Error {
  readonly needed: readonly Specialization[]

  constructor(needed: readonly Specialization[]) {
    super('trace again with more specialisation')
    this.needed = needed
  }
}

/** Thrown through the author's code to trace again with memory for a tensor that an operation makes. */
export class KeepSignal extends Error {
  readonly made: number

  constructor(made: number) {
    super('trace again with memory for a tensor')
    this.made = made
  }
}

/** Views are numbered from here while tensors may still be added. */
const FIRST_VIEW = 2 ** 20

let open: Trace | undefined

/** The open trace; `what` is the call that needs one. */
export function tracing(what: string): Trace {
  if (open) return open
  throw new AuthorError(`${what} works only inside a kernel function`, {
    location: callSite(),
    remedy: 'Wrap the function with kernel(...) or aotKernel(...) and call the result with tensors.',
  })
}

/** True while a kernel function is being traced. */
export function isTracing(): boolean {
  return open !== undefined
}

/** Runs `body` with `trace` open. */
export function withTrace<T>(trace: Trace, body: () => T): T {
  if (open) {
    throw new AuthorError(`the kernel ${trace.name} was called inside the kernel ${open.name}`, {
      location: callSite(),
      remedy: 'Call a plain function that both kernels share, or call the kernels one after the other.',
    })
  }
  open = trace
  try {
    return body()
  } finally {
    open = undefined
  }
}

/** Takes what the kernel prints. */
export interface Printer {
  add(trace: Trace, format: string, nodes: readonly Node[]): void
}

/** Tensors that operations outside of loops make. */
export interface MadeTensors {
  /** Makes the loops that wait to be put together. */
  settle(): void
  /** A tensor, by its number, that is read from memory, or returned. */
  need(tensor: number): void
  /** True for one that is only a part of others, and has no memory. */
  isLeftOut(tensor: number): boolean
  /** A message for each that nothing uses. */
  unused(): readonly string[]
}

/** A node without number and place. */
type Unplaced<S = NodeSpec> = S extends unknown ? Omit<S, 'location'> : never

/** Far beyond any kernel. WGSL takes 127 levels of braces, of which a loop may need several. */
const MOST_NESTED = 16

export class Trace {
  readonly name: string
  readonly blocks: BlockTable = new BlockTable()
  readonly tensors: TensorInfo[] = []
  /** Other shapes of their memory, by the numbers that `view` gave. */
  readonly views: TensorView[] = []
  /** Where the kernel allocates its tensors, by id. */
  readonly allocations: Map<number, () => SourceLocation | undefined> = new Map()
  readonly scalars: ScalarInfo[] = []
  /** Tensors from around the kernel, and the arguments that they have become. */
  readonly captured: Map<object, object> = new Map()
  /** Those of operations outside of loops, once there are any. */
  made: MadeTensors | undefined
  /** Which of them, in their order, have memory though operations of their time could do without. */
  readonly kept: ReadonlySet<number>
  readonly grids: Grid[] = []
  readonly guards: Map<string, Guard> = new Map()
  /** The lengths of the rows that jagged loops go along, by the loops' blocks. */
  readonly jagged: Map<BlockId, Node> = new Map()
  /** How many positions loops have whose bounds the device computes, by their blocks. */
  readonly lengths: Map<BlockId, () => Node> = new Map()

  readonly factory: NodeFactory = new NodeFactory()
  /** What the config decides while the kernel is traced. */
  readonly tunables: Tunables
  /** What it prints; undefined where prints are left out. */
  readonly printing: Printer | undefined
  /** Places whose values are printed, or are sizes, and need no other use. */
  readonly printed: Set<string> = new Set()
  #scope: Scope | undefined
  /** Scalars computed outside of loops; every loop that uses them computes them itself. */
  readonly #outside: Scope = rootScope(this.factory)
  readonly #rests = new Map<Scope, LoopRange>()

  constructor(name: string, tunables: Tunables, printing?: Printer, kept: ReadonlySet<number> = new Set()) {
    this.name = name
    this.tunables = tunables
    this.printing = printing
    this.kept = kept
  }

  /** The innermost open loop; `what` is the operation that is only possible inside one. */
  scope(what: string): Scope {
    if (this.#scope) return this.#scope
    throw new AuthorError(`${what} outside of a loop over tiles`, {
      location: callSite(),
      remedy: 'Work on tiles inside `for (const tile of hl.tile(size)) { … }`.',
    })
  }

  /** True while the loop of `scope` is open. */
  sees(scope: Scope): boolean {
    return this.#scope?.sees(scope) ?? false
  }

  /** Where a value that is made now is good: in the innermost loop, or else in the whole kernel. */
  get home(): Scope | 'kernel' {
    return this.#scope ?? 'kernel'
  }

  /** A scalar that was computed outside of loops, in the innermost loop. */
  within(node: Node): Node {
    return this.#scope ? copyInto(this.#scope.builder, node, callSite()) : node
  }

  get insideLoop(): boolean {
    return this.#scope !== undefined
  }

  /** Number of the top-level loop that is open, or comes next. */
  get grid(): number {
    return this.grids.length
  }

  /** Adds a node to the innermost loop, from the author's present line. Outside only scalars exist. */
  add<S extends Unplaced>(what: string, spec: S): NodeOfKind<S['kind']> {
    const placed = { ...spec, location: callSite() } as unknown as NodeOfKind<S['kind']>
    const isScalar = placed.type.axes.length === 0 && isPure(placed as Pick<Node, 'kind'>)
    const { builder } = isScalar ? this.#scalars : this.scope(what)
    this.blocks.noteTogether(placed.type.axes)
    return builder.add(placed) as NodeOfKind<S['kind']>
  }

  /** A number as a scalar; an integer dtype must be able to hold it. */
  constant(value: number, dtype: DType): Node {
    if (!isFloat(dtype) && DTYPES[dtype].round(value) !== value) {
      throw new AuthorError(`the number ${value} does not fit ${dtype}`, {
        location: callSite(),
        remedy: `Convert the tile beside it first: .to('f32'), or .to('i32') for negative numbers.`,
      })
    }
    // An integer has no negative zero.
    const exact = isFloat(dtype) ? value : value + 0
    const spec = { kind: 'constant', type: tileType(dtype), location: undefined, value: exact } as const
    return this.#scalars.builder.add(spec)
  }

  /** A size as an i32 scalar. */
  size(size: Size): Node {
    return sizeNode(this.#scalars.builder, size)
  }

  get #scalars(): Scope {
    return this.#scope ?? this.#outside
  }

  openLoop(location: SourceLocation | undefined, kind: ScopeKind = 'loop'): Scope {
    if ((this.#scope?.depth ?? 0) >= MOST_NESTED)
      throw new AuthorError(`loops and branches are nested more than ${MOST_NESTED} deep`, {
        location,
        remedy: 'Write fewer within each other; hl.and joins the conditions of branches.',
      })
    this.#scope = this.#scope ? this.#scope.nested(location, kind) : rootScope(this.factory, location)
    return this.#scope
  }

  /** Opens a branch that ends with the loop around it; `range` says whether it is taken. */
  openRest(location: SourceLocation | undefined, range: LoopRange): void {
    this.#rests.set(this.openLoop(location, 'rest'), range)
  }

  /** Runs `body` in a scope of its own, whose nodes go nowhere. */
  apart<T>(body: (scope: Scope) => T): T {
    const scope = this.openLoop(callSite())
    try {
      return body(scope)
    } finally {
      this.#scope = scope.parent
    }
  }

  closeLoop(scope: Scope, blocks: readonly Block[], range: () => LoopRange): void {
    while (this.#scope !== scope && this.#scope?.parent) {
      const rest = this.#rests.get(this.#scope)
      if (!rest) break
      const { parent } = this.#scope
      this.#scope.closeInto(parent, rest)
      this.#scope = parent
    }
    if (this.#scope !== scope) {
      throw new AuthorError('loops over tiles were closed in another order than they were opened', {
        location: callSite(),
        remedy: 'Iterate hl.tile directly with for…of; do not keep the iterator.',
      })
    }
    this.#scope = scope.parent
    const ids = blocks.map((block) => block.id)
    if (scope.parent) scope.closeInto(scope.parent, range())
    else this.grids.push({ blocks: ids, body: scope.builder.nodes, location: scope.location })
  }

  /** A number for the tensor's memory under another shape; views come after all tensors in the kernel. */
  view(view: TensorView): number {
    const known = this.views.findIndex(
      ({ tensor, dtype, shape }) =>
        tensor === view.tensor &&
        dtype === view.dtype &&
        shape.length === view.shape.length &&
        shape.every((size, i) => sameSize(size, view.shape[i] ?? 0)),
    )
    return FIRST_VIEW + (known >= 0 ? known : this.views.push(view) - 1)
  }

  /** The tensor behind what a load or store names. */
  memoryOf(id: number): number {
    return id < FIRST_VIEW ? id : (this.views[id - FIRST_VIEW]?.tensor ?? id)
  }

  /** The view that a load or store names; undefined for a tensor. */
  viewNumber(id: number): number | undefined {
    return id < FIRST_VIEW ? undefined : id - FIRST_VIEW
  }

  /** True where `left <= right` whatever the sizes are, or because launches check it anyway. */
  isAtMost(left: Size, right: Size): boolean {
    if (typeof left === 'number' && typeof right === 'number') return left <= right
    return sameSize(left, right) || this.guards.has(guardKey('le', left, right))
  }

  /** Records that launches must satisfy `left relation right`; fails at once when both are known. */
  guard(relation: Guard['relation'], left: Size, right: Size, reason: string): void {
    if (sameSize(left, right)) return
    if (typeof left === 'number' && typeof right === 'number') {
      if (relation === 'eq' ? left === right : left <= right) return
      throw new AuthorError(
        `${reason}: ${left} is not ${relation === 'eq' ? 'equal to' : 'at most'} ${right}`,
        {
          location: callSite(),
          remedy: 'Check the shapes of the arguments.',
        },
      )
    }
    const key = guardKey(relation, left, right)
    if (this.guards.has(key)) return
    this.guards.set(key, { relation, left, right, reason, location: callSite() })
  }

  /** Makes sure that an upper bound of `size` is known, tracing again with one if it is not. */
  requireBound(size: Size): void {
    if (Number.isFinite(maxOf(size))) return
    throw new RetraceSignal(
      [...symbolsOf(size).values()].map(({ tensor, axis }) => ({
        kind: 'dim',
        tensor,
        axis,
        by: 'next_power_of_2',
      })),
    )
  }
}

function guardKey(relation: Guard['relation'], left: Size, right: Size): string {
  return `${printSize(left)} ${relation} ${printSize(right)}`
}
