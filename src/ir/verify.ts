/**
 * Checks that a region is well formed: values before their uses, axes that exist, types that fit each kind of
 * node. Runs after tracing and between compiler passes. A failure is a bug of this package, never of the
 * author.
 */
import { isFloat } from '../support/dtypes.ts'
import type { KernelIr } from './kernel_ir.ts'
import { type Axis, type Node, ONE, type Region } from './node.ts'
import { OPS } from './ops.ts'
import { operandsOf } from './traverse.ts'

/** Verifies every grid of a kernel. */
export function verifyKernel(kernel: KernelIr): void {
  const blocks = new Set(kernel.blocks.map((block) => block.id))
  const ranks = kernel.tensors.map((tensor) => tensor.shape.length)
  for (const grid of kernel.grids) {
    for (const block of grid.blocks) check(blocks.has(block), `grid over unknown block ${block}`)
    verifyRegion(grid.body, blocks, ranks)
  }
}

/** Verifies one region; `ranks` are the numbers of dimensions of the tensors. */
export function verifyRegion(region: Region, blocks: ReadonlySet<number>, ranks: readonly number[]): void {
  new Verifier(blocks, ranks).region(region, new Set())
}

class Verifier {
  readonly #blocks: ReadonlySet<number>
  readonly #ranks: readonly number[]

  constructor(blocks: ReadonlySet<number>, ranks: readonly number[]) {
    this.#blocks = blocks
    this.#ranks = ranks
  }

  region(region: Region, visible: Set<Node>): void {
    for (const node of region) {
      for (const operand of operandsOf(node)) {
        check(
          visible.has(operand),
          `${node.kind} ${node.id} uses ${operand.kind} ${operand.id} before it is made`,
        )
      }
      for (const axis of node.type.axes) {
        check(axis === ONE || this.#blocks.has(axis), `${node.kind} ${node.id} has unknown axis ${axis}`)
      }
      for (const block of blocksOf(node)) {
        check(this.#blocks.has(block), `${node.kind} ${node.id} is over unknown block ${block}`)
      }
      this.#node(node)
      if (node.kind === 'loop') this.#loop(node, visible)
      visible.add(node)
    }
  }

  #loop(node: Extract<Node, { kind: 'loop' }>, visible: ReadonlySet<Node>): void {
    const { blocks, begins, ends, phis, inits, yields } = node
    check(begins.length === blocks.length && ends.length === blocks.length, `loop ${node.id} has odd ranges`)
    check(
      phis.length === inits.length && phis.length === yields.length,
      `loop ${node.id} has odd carried values`,
    )
    const inner = new Set([...visible, ...phis])
    this.region(node.body, inner)
    phis.forEach((phi, i) => {
      const next = yields[i]
      check(next !== undefined && inner.has(next), `loop ${node.id} yields a value that is not visible`)
      check(
        sameType(phi, next) && sameType(phi, inits[i]),
        `loop ${node.id} carries values of different types`,
      )
    })
  }

  #node(node: Node): void {
    const { axes, dtype } = node.type
    switch (node.kind) {
      case 'argument':
        check(dtype !== 'bool', `argument ${node.id} is a bool`)
        return
      case 'map':
        checkMap(node)
        return
      case 'view':
        check(node.axes.length === axes.length, `view ${node.id} is off`)
        node.axes.forEach((from, i) => {
          check(
            from === ONE ? axes[i] === ONE : node.arg.type.axes[from] === axes[i],
            `view ${node.id} is off`,
          )
        })
        return
      case 'broadcast': {
        const from = node.arg.type.axes
        const fits = from.length === 0 || from.length === axes.length
        check(
          fits && from.every((axis, i) => axis === ONE || axis === axes[i]),
          `broadcast ${node.id} is off`,
        )
        return
      }
      case 'load':
      case 'store':
      case 'atomic':
        check(
          node.index.length === this.#ranks[node.tensor],
          `${node.kind} ${node.id} has ${node.index.length} indices`,
        )
        for (const index of node.index)
          check(index.type.dtype === 'i32', `${node.kind} ${node.id} has a float index`)
        return
      case 'reduce':
        check(node.axis in node.arg.type.axes, `reduce ${node.id} is along axis ${node.axis}`)
        check(sameAxes(without(node.arg.type.axes, node.axis), axes), `reduce ${node.id} has odd axes`)
        return
      case 'dot': {
        const [m, k] = node.a.type.axes
        const [k2, n] = node.b.type.axes
        check(k === k2 && sameAxes(axes, [m ?? ONE, n ?? ONE]), `dot ${node.id} has odd axes`)
        check(isFloat(dtype) === isFloat(node.a.type.dtype), `dot ${node.id} mixes integers and floats`)
        return
      }
      case 'result':
        check(sameType(node, node.loop.phis[node.index]), `result ${node.id} is off`)
        return
      default:
        return
    }
  }
}

function blocksOf(node: Node): readonly number[] {
  if (node.kind === 'loop') return node.blocks
  return 'block' in node ? [node.block] : []
}

function checkMap(node: Extract<Node, { kind: 'map' }>): void {
  const { op, id, args, type } = node
  const rule = OPS[op]
  check(args.length === rule.arity, `${op} ${id} has ${args.length} operands`)
  for (const arg of args) {
    const fits = arg.type.axes.length === 0 || sameAxes(arg.type.axes, type.axes)
    check(fits, `${op} ${id} mixes shapes`)
  }
  const dtypes = (rule.operands === 'select' ? args.slice(1) : args).map((arg) => arg.type.dtype)
  const agree = dtypes.every((dtype) => dtype === (rule.result === 'same' ? type.dtype : dtypes[0]))
  check(agree && (rule.result === 'same' || type.dtype === 'bool'), `${op} ${id} mixes dtypes`)
}

function sameType(a: Node, b: Node | undefined): boolean {
  return b !== undefined && a.type.dtype === b.type.dtype && sameAxes(a.type.axes, b.type.axes)
}

function sameAxes(a: readonly Axis[], b: readonly Axis[]): boolean {
  return a.length === b.length && a.every((axis, i) => axis === b[i])
}

function without(axes: readonly Axis[], axis: number): readonly Axis[] {
  return axes.filter((_, i) => i !== axis)
}

function check(holds: boolean, what: string): void {
  if (!holds) throw new Error(`malformed IR: ${what}`)
}
