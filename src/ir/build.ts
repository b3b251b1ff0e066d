/**
 * Makes nodes: numbers them, freezes them, and gives an equal pure node back instead of making it twice.
 * Knows nothing about authors; type rules with good messages live in the language, the verifier has the last
 * word.
 */
import type { DType } from '../support/dtypes.ts'
import type { Axis, Node, NodeOfKind, NodeSpec, TileType } from './node.ts'
import { isPure } from './node_rules.ts'
import type { Size } from './size.ts'

/** Source of node numbers for one kernel. */
export class NodeFactory {
  #next = 0

  make<S extends NodeSpec>(spec: S): S & { readonly id: number } {
    return Object.freeze(Object.assign({}, spec, { id: this.#next++ }))
  }
}

/** The nodes of a region under construction, with the pure ones findable by content. */
export class RegionBuilder {
  readonly nodes: Node[] = []
  readonly #known = new Map<string, Node>()
  readonly #factory: NodeFactory
  readonly #outer: RegionBuilder | undefined

  constructor(factory: NodeFactory, outer?: RegionBuilder) {
    this.#factory = factory
    this.#outer = outer
  }

  /** Appends a node, or returns the equal pure node that is already visible here. */
  add<S extends NodeSpec>(spec: S): NodeOfKind<S['kind']> {
    type Result = NodeOfKind<S['kind']>
    const key = isPure(spec) ? contentKey(spec) : undefined
    const known = key === undefined ? undefined : this.#find(key)
    if (known) return known as Result
    const node = this.#factory.make(spec) as unknown as Result
    this.nodes.push(node)
    if (key !== undefined) this.#known.set(key, node)
    return node
  }

  /** A builder for a region inside this one; it sees the values made here so far. */
  nested(): RegionBuilder {
    return new RegionBuilder(this.#factory, this)
  }

  /** A builder for a region that replaces this one. */
  fresh(): RegionBuilder {
    return new RegionBuilder(this.#factory, this.#outer)
  }

  /** Makes a node that belongs to no list: the parameter of a loop. */
  make<S extends NodeSpec>(spec: S): S & { readonly id: number } {
    return this.#factory.make(spec)
  }

  #find(key: string): Node | undefined {
    const here = this.#known.get(key)
    if (here || !this.#outer) return here
    return this.#outer.#find(key)
  }
}

/** Type with the given axes. */
export function tileType(dtype: DType, axes: readonly Axis[] = []): TileType {
  return Object.freeze({ dtype, axes: Object.freeze([...axes]) })
}

/** A size as an i32 scalar. */
export function sizeNode(builder: RegionBuilder, size: Size): Node {
  const common = { type: tileType('i32'), location: undefined }
  return typeof size === 'number'
    ? builder.add({ kind: 'constant', ...common, value: size })
    : builder.add({ kind: 'size', ...common, size })
}

/** The value of a scalar that is known at launch. */
export function sizeOfScalar(node: Node): Size | undefined {
  if (node.kind === 'constant') return node.value
  return node.kind === 'size' ? node.size : undefined
}

/** One number as a value of the same type as `like`. */
export function constantTile(
  builder: RegionBuilder,
  { type, location }: Pick<Node, 'type' | 'location'>,
  value: number,
): Node {
  const constant = builder.add({ kind: 'constant', type: tileType(type.dtype), location, value })
  return type.axes.length === 0 ? constant : builder.add({ kind: 'broadcast', type, location, arg: constant })
}

/** Text that equal nodes share, whatever the order of their properties; good within one kernel. */
function contentKey(spec: NodeSpec): string {
  const { location: _location, ...content } = spec
  return contentText(content)
}

/** Operands and sizes stand for themselves by their numbers and keys, so that a text stays short. */
function contentText(value: unknown): string {
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value)
  if (value === null || typeof value !== 'object') return String(value)
  if (Array.isArray(value)) return `[${value.map(contentText).join()}]`
  if ('id' in value && 'kind' in value) return `%${value.id}`
  if ('op' in value && 'key' in value) return `size ${value.key}`
  const names = Object.keys(value).sort()
  return `{${names.map((name) => `${name}:${contentText(value[name as keyof typeof value])}`).join()}}`
}
