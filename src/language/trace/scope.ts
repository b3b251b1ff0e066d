/**
 * One open loop of the kernel being traced, or a branch, which is one too: its region and the accumulators
 * that it touches.
 * The tracer works in SSA, so a variable that a loop changes becomes a value carried from one iteration to
 * the next.
 */
import { RegionBuilder } from '../../ir/build.ts'
import type { LoopNode, Node, PhiNode, Region, TileType } from '../../ir/node.ts'
import { NO_VALUE, UNNUMBERED } from '../../ir/node.ts'
import { rewriteRegion } from '../../ir/traverse.ts'
import type { SourceLocation } from '../../support/errors.ts'

/** The identity of an accumulator; its value lives in scopes. */
export interface Cell {
  readonly type: TileType
}

/** What was opened: a loop, the body of `hl.when`, or what follows `hl.continueIf` in a loop. */
export type ScopeKind = 'loop' | 'when' | 'rest'

export type LoopRange = Pick<LoopNode, 'blocks' | 'begins' | 'ends'>

export class Scope {
  readonly kind: ScopeKind
  readonly builder: RegionBuilder
  readonly parent: Scope | undefined
  readonly location: SourceLocation | undefined
  /** How many are around it. */
  readonly depth: number
  readonly #values = new Map<Cell, Node>()
  readonly #carried = new Map<Cell, { readonly phi: PhiNode; readonly init: Node }>()

  constructor(
    builder: RegionBuilder,
    parent: Scope | undefined,
    location: SourceLocation | undefined,
    kind: ScopeKind = 'loop',
  ) {
    this.kind = kind
    this.builder = builder
    this.parent = parent
    this.location = location
    this.depth = parent ? parent.depth + 1 : 0
  }

  /** A scope for a loop or branch inside this one. */
  nested(location: SourceLocation | undefined, kind: ScopeKind): Scope {
    return new Scope(this.builder.nested(), this, location, kind)
  }

  /** True for this scope and everything around it. */
  sees(other: Scope): boolean {
    return this === other || (this.parent?.sees(other) ?? false)
  }

  /** The accumulator's value here; entering it into every loop between here and where it was set. */
  read(cell: Cell): Node {
    const here = this.#values.get(cell)
    if (here) return here
    if (!this.parent) throw new Error('an accumulator was read in a scope that does not see it')
    const init = this.parent.read(cell)
    const phi = this.builder.make({ kind: 'phi', type: init.type, location: init.location } as const)
    this.#carried.set(cell, { phi, init })
    this.#values.set(cell, phi)
    return phi
  }

  /** Gives the accumulator a value; in a loop it must have been read or defined there before. */
  write(cell: Cell, value: Node): void {
    this.#values.set(cell, value)
  }

  /** Ends the loop: adds it to the parent's region and the carried results to the parent's values. */
  closeInto(parent: Scope, range: LoopRange): void {
    const changed = [...this.#carried].filter(([cell, { phi }]) => this.#values.get(cell) !== phi)
    const { body, lookUp } = this.#withoutUnchanged()
    const loop = parent.builder.add({
      kind: 'loop',
      site: UNNUMBERED,
      type: NO_VALUE,
      location: this.location,
      ...range,
      phis: changed.map(([, { phi }]) => lookUp(phi) as PhiNode),
      inits: changed.map(([, { init }]) => init),
      body,
      yields: changed.map(([cell]) => lookUp(this.read(cell))),
    })
    changed.forEach(([cell, { phi }], index) => {
      const result = { kind: 'result', type: phi.type, location: this.location, loop, index } as const
      parent.write(cell, parent.builder.add(result))
    })
  }

  /** The body, reading accumulators that were only read from outside the loop. */
  #withoutUnchanged(): { body: Region; lookUp: (node: Node) => Node } {
    const map = new Map<Node, Node>()
    for (const [cell, { phi, init }] of this.#carried) if (this.#values.get(cell) === phi) map.set(phi, init)
    if (map.size === 0) return { body: this.builder.nodes, lookUp: (node) => node }
    const builder = this.parent?.builder.nested() ?? this.builder
    rewriteRegion(this.builder.nodes, builder, map)
    return { body: builder.nodes, lookUp: (node) => map.get(node) ?? node }
  }
}

/** A scope for a top-level loop. */
export function rootScope(
  factory: ConstructorParameters<typeof RegionBuilder>[0],
  location?: SourceLocation,
): Scope {
  return new Scope(new RegionBuilder(factory), undefined, location)
}
