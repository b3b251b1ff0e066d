/**
 * From a kernel function and the facts about its arguments to the tile IR: run it once on symbolic values,
 * close what it left open, put unified dimensions under one name, drop dead code, verify.
 */
import { dependsOnConfig } from '../../ir/block_sizes.ts'
import { RegionBuilder, tileType } from '../../ir/build.ts'
import type { Grid, KernelIr, ReturnTree, Specialization } from '../../ir/kernel_ir.ts'
import { isBranch, type LoopNode, type Node, type TileType, UNNUMBERED } from '../../ir/node.ts'
import { printSize, type Size, type SizeSymbol, symbolsOf } from '../../ir/size.ts'
import { removeDeadNodes, rewriteRegion, walk } from '../../ir/traverse.ts'
import { verifyKernel } from '../../ir/verify.ts'
import { userCode } from '../../support/call_site.ts'
import { AuthorError, isStackOverflow, type SourceLocation, withLocation } from '../../support/errors.ts'
import { stableStringify } from '../../support/stable.ts'
import { placesIn } from '../../support/stack_text.ts'
import { Printing } from '../values/print.ts'
import { type ArgumentSpec, symbolicArgument, symbolicTensor, type TensorArgument } from './arguments.ts'
import { describe } from './describe.ts'
import { finalMemory } from './final_memory.ts'
import { writtenInstead } from './foreign_names.ts'
import { requireWritten, unusedValues } from './leftovers.ts'
import { parameterNames } from './parameters.ts'
import { KeepSignal, RetraceSignal, Trace, tracing, withTrace } from './trace.ts'
import { TracedTensor } from './traced_tensor.ts'
import { Tunables } from './tunables.ts'
import { finalAxes, sameAxes } from './typing.ts'

/** A kernel function as tracing calls it. */
export type KernelFunction = (this: unknown, ...args: never[]) => unknown

export interface TraceRequest {
  readonly name: string
  readonly fn: KernelFunction
  readonly args: readonly ArgumentSpec[]
  /** Tensors from around the kernel that it is known to use: arguments after the others. */
  readonly captured?: ReadonlyMap<object, TensorArgument>
  /** `this` of the kernel function, for decorated methods. */
  readonly self?: unknown
  /** Where the kernel was defined, for errors that have no better place. */
  readonly location?: SourceLocation | undefined
  /** The values of its tunables, and where it registers them; their first values when absent. */
  readonly tunables?: Tunables
  /** Whether `hl.print` does anything. */
  readonly printing?: boolean
  /** Takes a message for every line that computes what nothing uses. */
  readonly warn?: ((text: string) => void) | undefined
}

/** Traces a kernel; runs the function again whenever it turns out to need more facts about the arguments. */
export function traceKernel(request: TraceRequest): KernelIr {
  const facts = new Map<string, Specialization>()
  const kept = new Set<number>()
  for (;;) {
    try {
      return traceOnce(request, [...facts.values()], kept)
    } catch (error) {
      if (error instanceof KeepSignal) kept.add(error.made)
      else if (error instanceof RetraceSignal)
        for (const fact of error.needed) facts.set(stableStringify(fact), fact)
      else throw error
    }
  }
}

function traceOnce(
  request: TraceRequest,
  facts: readonly Specialization[],
  kept: ReadonlySet<number>,
): KernelIr {
  const printing = request.printing ? new Printing() : undefined
  const trace = new Trace(request.name, request.tunables ?? new Tunables(), printing, kept)
  const names = parameterNames(request.fn)
  const returns = withTrace(trace, () => {
    const values = request.args.map((spec, i) => symbolicArgument(trace, spec, names[i] ?? `arg${i}`, facts))
    for (const [tensor, spec] of request.captured ?? []) {
      trace.captured.set(tensor, symbolicTensor(trace, spec, `captured${trace.captured.size}`, facts))
    }
    const returned = traced(request, values, names)
    checkClosed(request, trace, returned)
    const tree = returnTree(request, returned)
    trace.made?.settle()
    return tree
  })
  requireWritten(trace, returns)
  const unused = unusedValues(trace)
  trace.blocks.pairOwners()
  const memory = finalMemory(trace, returns, printing?.prints)
  const kernel: KernelIr = {
    name: request.name,
    tensors: memory.tensors,
    views: memory.views,
    scalars: trace.scalars,
    symbols: symbolsIn([...trace.tensors, ...trace.views].flatMap(({ shape }) => shape)),
    blocks: trace.blocks.all.filter((block) => trace.blocks.canonical(block.id) === block.id),
    grids: numberSites(
      trace,
      trace.grids.map((grid) => finishGrid(trace, grid, memory.idOf)),
    ),
    guards: [...trace.guards.values()],
    specializations: facts,
    returns: memory.returns,
    ...(memory.prints && { prints: memory.prints }),
  }
  verifyKernel(kernel)
  if (request.warn) unused.forEach(request.warn)
  return kernel
}

/** Runs the author's function. */
function traced(request: TraceRequest, values: readonly unknown[], names: readonly string[]): unknown {
  try {
    return userCode(() => request.fn.apply(request.self, values as never[]))
  } catch (error) {
    if (isStackOverflow(error)) throw withLocation(error, placesIn((error as Error).stack)[0])
    throw error instanceof TypeError ? misusedArgument(request, names, error) : error
  }
}

/**
 * What JavaScript says of a value that is not what the kernel takes it for, with the arguments of the call.
 */
function misusedArgument(
  { name, args, location }: TraceRequest,
  names: readonly string[],
  error: TypeError,
): AuthorError {
  const count = Math.max(names.length, args.length)
  const given = Array.from({ length: count }, (_, i) => {
    const spec = args[i] ?? { kind: 'constant', value: undefined }
    return `${names[i] ?? `arg${i}`}: ${spec.kind === 'constant' ? describe(spec.value) : KINDS[spec.kind]}`
  })
  const called = /(\w+) is not a function/.exec(error.message)?.[1]
  const instead = called === undefined ? undefined : writtenInstead(called)
  return new AuthorError(`the kernel ${name} failed: ${error.message}`, {
    location: placesIn(error.stack)[0] ?? location,
    remedy:
      instead === undefined
        ? `It was called with ${given.join(', ')}. Tensors are made of numbers with tensor([…]).`
        : `Write ${instead}.`,
    cause: error,
  })
}

/** Arguments in words; constants speak for themselves. */
const KINDS: Readonly<Record<Exclude<ArgumentSpec['kind'], 'constant'>, string>> = {
  tensor: 'a tensor',
  scalar: 'a number',
  list: 'a list',
  record: 'an object',
}

function checkClosed(request: TraceRequest, trace: Trace, returned: unknown): void {
  const { location } = request
  if (returned instanceof Promise) returned.catch(() => undefined)
  const [kind, words] = notAtOnce(returned) ?? []
  if (kind !== undefined) {
    throw new AuthorError(`the kernel ${request.name} is ${kind} function`, {
      location,
      remedy: `A kernel function only describes work: remove ${words}.`,
    })
  }
  if (trace.insideLoop) {
    throw new AuthorError(`the kernel ${request.name} left a loop over tiles open`, {
      location: trace.scope('a loop').location ?? location,
      remedy: 'Iterate hl.tile with for…of to its end.',
    })
  }
  if (trace.grids.length === 0 && !trace.made) {
    throw new AuthorError(`the kernel ${request.name} has no loop over tiles`, {
      location,
      remedy: 'Its work goes into `for (const tile of hl.tile(size)) { … }`, or operations on tensors.',
    })
  }
}

/** What kind of function returns this whose body does not run at once, and the words that make it one. */
function notAtOnce(returned: unknown): readonly [kind: string, words: string] | undefined {
  if (returned instanceof Promise) return ['an async', 'async and await']
  const isGenerator = /Generator\]$/.test(Object.prototype.toString.call(returned))
  return isGenerator ? ['a generator', '* and yield'] : undefined
}

/** One name per unified dimension, then only what leads to a store. */
function finishGrid(trace: Trace, grid: Grid, idOf: (tensor: number) => number): Grid {
  const renamed = new RegionBuilder(trace.factory)
  const canonicalType = (type: TileType, node: Node): TileType =>
    tileType(type.dtype, finalAxes(trace, type.axes, `this ${node.kind}`, node.location))
  rewriteRegion(grid.body, renamed, new Map(), (spec, node) => {
    const type = canonicalType(spec.type, node)
    // Between two names of an axis of one there is nothing to do.
    if (spec.kind === 'broadcast' && sameAxes(spec.arg.type.axes, type.axes)) return spec.arg
    if ('block' in spec) return { ...spec, type, block: trace.blocks.canonical(spec.block) }
    return 'tensor' in spec ? { ...spec, type, tensor: idOf(spec.tensor) } : { ...spec, type }
  })
  return { ...grid, body: removeDeadNodes(renamed.nodes, new RegionBuilder(trace.factory)) }
}

/**
 * Numbers the loads, stores, dots and loops of the whole kernel in program order, loops before their bodies.
 */
function numberSites(trace: Trace, grids: readonly Grid[]): readonly Grid[] {
  const numbers = new Map<Node, number>()
  const counts = new Map<Node['kind'], number>()
  for (const { body } of grids) {
    walk(body, (node) => {
      if (!('site' in node) || (node.kind === 'loop' && isBranchLoop(trace, node))) return
      numbers.set(node, counts.get(node.kind) ?? 0)
      counts.set(node.kind, (counts.get(node.kind) ?? 0) + 1)
    })
  }
  return grids.map((grid) => {
    const builder = new RegionBuilder(trace.factory)
    rewriteRegion(grid.body, builder, new Map(), (spec, node) =>
      'site' in spec ? { ...spec, site: numbers.get(node) ?? UNNUMBERED } : spec,
    )
    return { ...grid, body: builder.nodes }
  })
}

function isBranchLoop(trace: Trace, { blocks }: LoopNode): boolean {
  return blocks.every((id) => isBranch(trace.blocks.get(id)))
}

function symbolsIn(sizes: readonly Size[]): readonly SizeSymbol[] {
  const found = new Map<string, SizeSymbol>()
  for (const size of sizes) symbolsOf(size, found)
  return [...found.values()]
}

function returnedTensor(request: TraceRequest, { info, view, dtype }: TracedTensor): ReturnTree {
  tracing('return').made?.need(info.id)
  if (view.name === info.name) return { kind: 'tensor', tensor: info.id }
  const { name, shape, base, dims } = view
  const decided = [...shape, ...base, ...dims.map(({ offset }) => offset)].find(dependsOnConfig)
  if (decided === undefined)
    return { kind: 'tensor', tensor: info.id, view: { name, dtype, shape, base, dims } }
  const size = printSize(decided)
  throw new AuthorError(
    `the kernel ${request.name} returned ${name}, with a size of ${size}, which the config decides`,
    {
      location: request.location,
      remedy: 'Its caller gets it before the config is chosen: return the whole tensor.',
    },
  )
}

function returnTree(request: TraceRequest, value: unknown): ReturnTree {
  if (value === undefined) return { kind: 'none' }
  if (value === null) return { kind: 'none', value }
  if (value instanceof TracedTensor) return returnedTensor(request, value)
  if (Array.isArray(value)) return { kind: 'list', items: value.map((item) => returnTree(request, item)) }
  if (typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype) {
    return {
      kind: 'record',
      entries: Object.entries(value).map(([key, item]) => [key, returnTree(request, item)]),
    }
  }
  throw new AuthorError(`the kernel ${request.name} returned ${describe(value)}`, {
    location: request.location,
    remedy: 'Return tensors (one, a list or an object of them) or nothing.',
  })
}
