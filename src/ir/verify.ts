/**
 * Checks that a region is well formed: values before their uses, axes that exist, types that fit each kind of
 * node. Runs after tracing and between compiler passes. A failure is a bug of this package, never of the
 * author.
 */

import { computeType, type StorageType } from '../support/storage_types.ts'
import { addressable, type KernelIr, type TensorInfo } from './kernel_ir.ts'
import { type Block, type MemoryNode, type Node, ONE, type Region } from './node.ts'
import { mustHold } from './node_rule.ts'
import { isMemory, ruleOf } from './node_rules.ts'
import { sameType } from './rule_bases.ts'
import type { TileProgram } from './tile_program.ts'
import { operandsOf, walk } from './traverse.ts'

/** Verifies a program between passes: what is not as it was `before`, which is known to be well formed. */
export function verifyProgram(program: TileProgram, before?: TileProgram): void {
  const { tensors, blocks } = program
  const known = before?.tensors === tensors && before.blocks === blocks ? before.grids : []
  verifyGrids({ blocks, grids: program.grids.filter((grid) => !known.includes(grid)) }, tensors)
  program.tensors.forEach(({ id, memory }, place) => {
    const owner = program.tensors[memory]
    mustHold(id === place, `tensor ${id} is in place ${place}`)
    mustHold(owner?.memory === memory, `tensor ${id} shows no memory`)
  })
  const ids = new Set(blocks.map((block) => block.id))
  mustHold(ids.size === blocks.length, 'two blocks have one id')
  for (const { rows } of program.grids)
    for (const row of rows) mustHold(ids.has(row), `grid with unknown row ${row}`)
}

/** Verifies every grid of a kernel. */
export function verifyKernel(kernel: KernelIr): void {
  verifyGrids(kernel, addressable(kernel))
}

function verifyGrids(
  kernel: Pick<KernelIr, 'grids'> & { readonly blocks: readonly Pick<Block, 'id'>[] },
  tensors: readonly Pick<TensorInfo, 'shape' | 'dtype'>[],
): void {
  const blocks = new Set(kernel.blocks.map((block) => block.id))
  const ranks = tensors.map(({ shape }) => shape.length)
  for (const grid of kernel.grids) {
    for (const block of grid.blocks) mustHold(blocks.has(block), `grid over unknown block ${block}`)
    verifyRegion(grid.body, blocks, ranks)
    walk(grid.body, (node) => {
      if (isMemory(node)) verifyType(node, tensors[node.tensor]?.dtype)
    })
  }
}

/** What is moved has the type that the tensor's elements have in registers. */
function verifyType(node: MemoryNode, dtype: StorageType | undefined): void {
  const { kind, id } = node
  const moved = (kind === 'load' ? node : node.value).type.dtype
  mustHold(dtype !== undefined && moved === computeType(dtype), `${kind} ${id} has odd elements`)
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
        mustHold(
          visible.has(operand),
          `${node.kind} ${node.id} uses ${operand.kind} ${operand.id} before it is made`,
        )
      }
      for (const axis of node.type.axes) {
        mustHold(axis === ONE || this.#blocks.has(axis), `${node.kind} ${node.id} has unknown axis ${axis}`)
      }
      for (const block of blocksOf(node)) {
        mustHold(this.#blocks.has(block), `${node.kind} ${node.id} is over unknown block ${block}`)
      }
      ruleOf(node).verify(node, this.#ranks)
      if (node.kind === 'loop') this.#loop(node, visible)
      visible.add(node)
    }
  }

  #loop(node: Extract<Node, { kind: 'loop' }>, visible: ReadonlySet<Node>): void {
    const { blocks, begins, ends, phis, inits, yields } = node
    mustHold(
      begins.length === blocks.length && ends.length === blocks.length,
      `loop ${node.id} has odd ranges`,
    )
    mustHold(
      phis.length === inits.length && phis.length === yields.length,
      `loop ${node.id} has odd carried values`,
    )
    const inner = new Set([...visible, ...phis])
    this.region(node.body, inner)
    phis.forEach((phi, i) => {
      const next = yields[i]
      mustHold(next !== undefined && inner.has(next), `loop ${node.id} yields a value that is not visible`)
      mustHold(
        sameType(phi, next) && sameType(phi, inits[i]),
        `loop ${node.id} carries values of different types`,
      )
    })
  }
}

function blocksOf(node: Node): readonly number[] {
  if (node.kind === 'loop') return node.blocks
  return 'block' in node ? [node.block] : []
}
