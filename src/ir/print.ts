/**
 * The text of the IR, one node a line: for tests, debugging and hashes of kernels. Values are numbered in
 * order of appearance, so equal programs print alike.
 */
import { unreachable } from '../support/errors.ts'
import { sizeBlocks } from './block_sizes.ts'
import { combined, type Fact, type Operation } from './combine.ts'
import { addressable, type KernelIr, type ReturnTree } from './kernel_ir.ts'
import {
  type Block,
  type Combine,
  type LoopNode,
  type Node,
  ONE,
  type Region,
  type TileType,
} from './node.ts'
import type { PrintedNames } from './node_rule.ts'
import { isWrite, ruleOf } from './node_rules.ts'
import { printSize, type SizeSymbol, sameSize } from './size.ts'
import type { TileProgram } from './tile_program.ts'
import { readsOf, walk } from './traverse.ts'

/** The whole kernel. */
export function printKernel(kernel: KernelIr): string {
  const names = addressable(kernel).map(({ name }) => name)
  const printer = new Printer(kernel.blocks, (id) => names[id] ?? `tensor${id}`)
  const lines = [`kernel ${kernel.name}`]
  for (const tensor of kernel.tensors) {
    const fill = tensor.fill === undefined ? '' : ` = ${tensor.fill}`
    lines.push(
      `  ${tensor.role} ${tensor.name}: ${tensor.dtype}[${tensor.shape.map(printSize).join(', ')}]${fill}`,
    )
  }
  for (const { name, tensor, dtype, shape } of kernel.views) {
    const sizes = shape.map(printSize).join(', ')
    lines.push(`  view ${name}: ${dtype}[${sizes}] of ${names[tensor]}`)
  }
  for (const scalar of kernel.scalars) lines.push(`  argument ${scalar.name}: number`)
  for (const { name, least = 1, size } of sizeBlocks(kernel))
    lines.push(`  block size ${name} from ${least} for ${printSize(size)}`)
  for (const symbol of kernel.symbols) lines.push(...printFacts(symbol))
  for (const guard of kernel.guards) {
    lines.push(`  guard ${printSize(guard.left)} ${guard.relation} ${printSize(guard.right)}`)
  }
  kernel.grids.forEach((grid, number) => {
    lines.push(`  grid ${grid.blocks.map((id) => printer.blockRange(id)).join(', ')}`)
    for (const block of kernel.blocks) {
      if (block.kind === 'slice' && block.grid === number) lines.push(`    ${printer.blockRange(block.id)}`)
    }
    printer.region(grid.body, 2, lines)
  })
  lines.push(`  return ${printReturns(kernel, kernel.returns)}`)
  return lines.join('\n')
}

/** A whole program, as it is between two passes. */
export function printProgram({ name, tensors, scalars, blocks, grids }: TileProgram): string {
  const nameOf = (id: number): string => {
    const { memory = id, name: own = `tensor${id}` } = tensors[id] ?? {}
    return memory === id ? own : `${own}.view${id}`
  }
  const printer = new Printer(blocks, nameOf)
  const lines = [`program ${name}`]
  for (const { id, role, memory, dtype, shape } of tensors) {
    const what = memory === id ? role : `memory of ${nameOf(memory)} as`
    lines.push(`  ${what} ${nameOf(id)}: ${dtype}[${shape.map(printSize).join(', ')}]`)
  }
  for (const scalar of scalars) lines.push(`  argument ${scalar.name}: number`)
  for (const grid of grids) {
    lines.push(`  grid ${grid.blocks.map((id) => printer.blockRange(id)).join(', ')}`)
    for (const row of grid.rows) lines.push(`    ${printer.blockRange(row)}`)
    printer.region(grid.body, 2, lines)
  }
  return lines.join('\n')
}

/** Blocks of traced kernels and of programs print alike. */
type PrintedBlock = Omit<Block, 'grid'>

/** A region on its own, for passes that print between steps. */
export function printRegion(region: Region, blocks: readonly PrintedBlock[]): string {
  const lines: string[] = []
  new Printer(blocks, (id) => `tensor${id}`).region(region, 0, lines)
  return lines.join('\n')
}

/** What the specialisation key tells about a symbol, if anything. */
function printFacts({ key, multipleOf, max }: SizeSymbol): readonly string[] {
  const facts = [
    ...(multipleOf > 1 ? [`a multiple of ${multipleOf}`] : []),
    ...(max === undefined ? [] : [`at most ${max}`]),
  ]
  return facts.length > 0 ? [`  ${key} is ${facts.join(', ')}`] : []
}

function printReturns(kernel: KernelIr, tree: ReturnTree): string {
  switch (tree.kind) {
    case 'none':
      return 'nothing'
    case 'tensor':
      return tree.view?.name ?? kernel.tensors[tree.tensor]?.name ?? '?'
    case 'list':
      return `[${tree.items.map((item) => printReturns(kernel, item)).join(', ')}]`
    case 'record':
      return `{${tree.entries.map(([key, item]) => `${key}: ${printReturns(kernel, item)}`).join(', ')}}`
    default:
      return unreachable(tree)
  }
}

/** On its own: its values are numbered apart from those around it. */
function printCombine(combine: Combine): string {
  const names = (letter: string, nodes: readonly Node[]): string[] => nodes.map((_, i) => `${letter}${i}`)
  const [left, right] = [names('a', combine.left), names('b', combine.right)]
  const lines: string[] = []
  const define = (node: Fact | Operation, args: readonly string[]): string => {
    const own: PrintedNames = { ...UNNAMED, refs: () => args.join(', ') }
    return `c${lines.push(`c${lines.length}: ${node.type.dtype} = ${ruleOf(node).print(node, own)}`) - 1}`
  }
  const results = combined(combine, left, right, { fact: (node) => define(node, []), operation: define })
  return `(${left.join(', ')}; ${right.join(', ')}) => { ${[...lines, results.join(', ')].join('; ')} }`
}

/** Names where no blocks and tensors are. */
const UNNAMED: PrintedNames = {
  refs: () => '',
  axis: String,
  size: printSize,
  place: ({ tensor }) => `tensor${tensor}`,
  combine: printCombine,
}

class Printer {
  readonly #blocks: ReadonlyMap<number, PrintedBlock>
  readonly #tensorName: (id: number) => string
  readonly #numbers = new Map<number, number>()
  /** What some node reads. */
  readonly #read = new Set<Node>()
  readonly #names: PrintedNames = {
    refs: (nodes) => nodes.map((node) => this.#ref(node)).join(', '),
    axis: (axis) => this.#axis(axis),
    size: printSize,
    place: ({ tensor, index }) => `${this.#tensorName(tensor)}[${this.#names.refs(index)}]`,
    combine: printCombine,
  }

  constructor(blocks: readonly PrintedBlock[], tensorName: (id: number) => string) {
    this.#blocks = new Map(blocks.map((block) => [block.id, block]))
    this.#tensorName = tensorName
  }

  region(region: Region, depth: number, lines: string[]): void {
    walk(region, (node) => {
      for (const value of readsOf(node)) this.#read.add(value)
    })
    for (const node of region) {
      const indent = '  '.repeat(depth)
      if (node.kind !== 'loop') {
        const target = isWrite(node) && !this.#read.has(node) ? '' : `${this.#define(node)} = `
        lines.push(`${indent}${target}${ruleOf(node).print(node, this.#names)}`)
        continue
      }
      lines.push(`${indent}${this.#loopHead(node)}`)
      this.region(node.body, depth + 1, lines)
      const yields = this.#names.refs(node.yields)
      if (yields) lines.push(`${indent}  yield ${yields}`)
    }
  }

  /** "tile0 in 64 by 16"; the end is named when the range does not begin at 0. */
  blockRange(id: number): string {
    const block = this.#blocks.get(id)
    const size = block?.size ?? 0
    const end = block?.end ?? size
    const upTo = sameSize(size, end) ? '' : ` up to ${printSize(end)}`
    return `${this.#axis(id)} in ${printSize(size)}${upTo}${this.#extent(id)}`
  }

  #extent(id: number): string {
    const block = this.#blocks.get(id)
    if (block?.sizedBy !== undefined && block.extent === undefined) return ` by ${this.#axis(block.sizedBy)}`
    return block && block.kind !== 'grid' && block.extent !== undefined ? ` by ${block.extent}` : ''
  }

  #loopHead(node: LoopNode): string {
    const ranges = node.blocks.map((id, i) => {
      const [begin, end] = [node.begins[i], node.ends[i]]
      const range = `${begin ? this.#ref(begin) : '?'}..${end ? this.#ref(end) : '?'}`
      return `${this.#axis(id)} in ${range}${this.#extent(id)}`
    })
    const carried = node.phis.map((phi, i) => {
      const init = node.inits[i]
      return `${this.#define(phi)} = ${init ? this.#ref(init) : '?'}`
    })
    const tail = carried.length ? ` carrying ${carried.join(', ')}` : ''
    this.#numbers.set(node.id, this.#numbers.size)
    const word = ruleOf(node).print(node, this.#names)
    return `%${this.#numbers.get(node.id)} = ${word} ${ranges.join(', ')}${tail}`
  }

  /** Gives the node the next number; "%3: f32[tile0, 1]". */
  #define(node: Node): string {
    this.#numbers.set(node.id, this.#numbers.size)
    return `%${this.#numbers.get(node.id)}: ${this.#type(node.type)}`
  }

  #ref(node: Node): string {
    return `%${this.#numbers.get(node.id) ?? `undefined(${node.id})`}`
  }

  #type(type: TileType): string {
    const axes = type.axes.map((axis) => this.#axis(axis)).join(', ')
    return axes ? `${type.dtype}[${axes}]` : type.dtype
  }

  #axis(axis: number): string {
    return axis === ONE ? '1' : (this.#blocks.get(axis)?.name ?? `block${axis}`)
  }
}
