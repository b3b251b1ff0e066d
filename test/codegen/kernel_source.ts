/** Writes the text of a random kernel, step by step. */
import type { DType } from '../../src/support/dtypes.ts'
import { product } from '../../src/support/maths.ts'
import { computeType, type StorageType } from '../../src/support/storage_types.ts'
import { type HostArgument, host } from '../language/harness.ts'
import {
  type Axis,
  at,
  atomicOf,
  BLOCK_SIZES,
  binaryOf,
  comparisonOf,
  converted,
  DIMS,
  type DimName,
  DTYPES,
  dimsOf,
  elementsOf,
  fixed,
  INPUT,
  isTile,
  LARGEST,
  LONGEST,
  lastOf,
  maskOver,
  over,
  pick,
  pickMaybe,
  rearrangedOf,
  rearrangedTiles,
  reductionOf,
  SHARED,
  type Stored,
  sameAxes,
  scanOf,
  seenThrough,
  shapeOf,
  sortOf,
  storedAs,
  storedBound,
  unaryOf,
  usedLines,
  type Value,
  within,
} from './kernel_values.ts'
import type { GridPlan, KernelPlan, StepPlan } from './random_kernels.ts'

const ATOMIC_SLOTS = 8
const SMALLEST: GridPlan = { dims: ['m'], over: 'tile', whole: false, steps: [] }

interface Input extends Stored {
  readonly arg: HostArgument
}

export class KernelSource {
  readonly #plan: KernelPlan
  readonly #withF16: boolean
  readonly #inputs = new Map<string, Input>()
  readonly #outputs: { readonly stored: Stored; readonly make: string }[] = []
  readonly #lines: string[] = []
  #count = 0
  /** Of the grid that is being written. */
  #axes: readonly Axis[] = []
  #values: Value[] = []
  /** Outputs that this grid wrote completely, each element in the program that has it. */
  #own: { readonly stored: Stored; readonly axes: readonly Axis[] }[] = []
  /** Outputs of earlier grids. */
  #earlier: Stored[] = []

  constructor(plan: KernelPlan, withF16: boolean) {
    this.#plan = plan
    this.#withF16 = withF16
    for (const grid of plan.grids.length > 0 ? plan.grids : [SMALLEST]) this.#grid(grid)
  }

  finish(): { readonly parameters: string[]; readonly args: HostArgument[]; readonly body: string } {
    const lines = [...this.#outputs.map(({ make }) => make), ...usedLines(this.#lines)]
    const mentions = (name: string): boolean => lines.some((line) => new RegExp(`\\b${name}\\b`).test(line))
    const inputs = [...this.#inputs.values()].filter(({ name }) => mentions(name))
    const sizes = DIMS.filter(mentions).map((dim) => {
      const known = inputs.find(({ dims }) => dims.includes(dim))
      const carrier = known ?? this.#input([dim], 'f32')
      if (!known) inputs.push(carrier)
      return `const ${dim} = ${carrier.name}.shape[${carrier.dims.indexOf(dim)}]`
    })
    const returned = `return [${this.#outputs.map(({ stored }) => stored.name).join(', ')}]`
    const shared = mentions('shared') ? [SHARED] : []
    const body = [...sizes, ...shared, ...lines, returned].map((line) => `  ${line}`)
    return {
      parameters: inputs.map(({ name }) => name),
      args: inputs.map(({ arg }) => arg),
      body: body.join('\n'),
    }
  }

  #grid({ dims, over, whole, steps }: GridPlan): void {
    const inner = whole && dims.length > 1 ? dims.slice(0, -1) : dims
    const kind = over === 'grid' ? 'position' : over === 'fixed' ? 'fixed' : 'tile'
    this.#axes = dims.map((dim, i) =>
      i < inner.length ? { dim, name: `${dim}${dim}`, kind } : { dim, name: "':'", kind: 'whole' },
    )
    this.#earlier = this.#outputs.map(({ stored }) => stored)
    this.#own = []
    this.#values = []
    const names = inner.map((dim) => `${dim}${dim}`).join(', ')
    const range = `[${inner.join(', ')}]${BLOCK_SIZES[over](inner.length)}`
    this.#lines.push(`for (const [${names}] of hl.${over === 'grid' ? 'grid' : 'tile'}(${range})) {`)
    this.#add(this.#load({ kind: 'load', a: 0, b: 0, c: 1 }))
    const before = this.#outputs.length
    for (const step of steps) this.#step(step)
    if (this.#outputs.length === before) this.#store({ kind: 'store', a: 0, b: 0, c: 0 })
    this.#lines.push('}')
  }

  #step(step: StepPlan): void {
    const made = this.#made(step)
    if (made) this.#add(made)
  }

  /** The value that a step makes, if it makes one and can. */
  #made(step: StepPlan): Value | undefined {
    const { a, b, c } = step
    const first = this.#value(a)
    switch (step.kind) {
      case 'load':
        return this.#load(step)
      case 'index':
        return this.#index(step)
      case 'unary':
        return unaryOf(first, b)
      case 'binary':
        return binaryOf(first, this.#value(b), this.#union(first, this.#value(b)), c)
      case 'compare':
        return comparisonOf(first, this.#value(b), this.#union(first, this.#value(b)), c)
      case 'where':
        return this.#where(step)
      case 'cast':
        return converted(first, this.#dtype(DTYPES, b))
      case 'reduce':
        return this.#reduce(step)
      case 'scan':
        return this.#scan(step)
      case 'rearrange':
        return this.#rearrange(step)
      case 'loop':
        return this.#loop(step)
      case 'dot':
        return this.#dot(step)
      case 'gather':
        return this.#gather(step)
      case 'atomic':
        return this.#atomic(step)
      case 'store':
        return this.#store(step)
      case 'update':
        return this.#update(step)
    }
  }

  /** The latest value for 0. */
  #value(choice: number): Value {
    return pick([...this.#values].reverse(), choice)
  }

  #dtype(among: readonly DType[], choice: number): DType {
    const dtype = pick(among, choice)
    return dtype === 'f16' && !this.#withF16 ? 'f32' : dtype
  }

  #fresh(hint: string): string {
    return `${hint}${this.#count++}`
  }

  #add(value: Value): void {
    const name = this.#fresh('v')
    this.#lines.push(`  const ${name} = ${value.text}`)
    this.#values.push({ ...value, text: name })
  }

  #load({ a, b, c }: StepPlan): Value {
    const mask = a % 2 ** this.#axes.length
    const axes = mask === 0 ? this.#axes : this.#axes.filter((_, i) => (mask >> i) & 1)
    const dims = dimsOf(axes)
    const stored = [...this.#earlier, ...this.#own.map((own) => own.stored)]
    const asIs = stored.filter((output) => output.dims.join() === dims.join())
    const turned = stored.filter(
      (output) => axes.length === 2 && output.dims.join() === `${dims[1]},${dims[0]}`,
    )
    const known = pickMaybe([...asIs, ...turned], b)
    if (c % 2 === 1 || !known) {
      const dtype = storedAs(this.#dtype(DTYPES, b), a + c)
      const mask = maskOver(this.#values, axes, b)
      const masked = mask ? `.get({ mask: ${mask}${c % 2 === 0 ? '' : `, other: ${b % 2}`} })` : ''
      const { of, text } =
        b % 4 === 3 ? seenThrough(axes, c) : { of: dims, text: (name: string) => at(name, axes) }
      const input = this.#input(of, dtype)
      return { ...input, text: text(input.name) + masked, axes }
    }
    if (asIs.includes(known)) return { ...known, text: at(known.name, axes), axes }
    const text = at(known.name, [...axes].reverse())
    return { ...known, text: shapeOf(axes).length === 2 ? `${text}.transpose()` : text, axes }
  }

  #input(dims: readonly DimName[], stored: StorageType): Input {
    const dtype = computeType(stored)
    const name = `x_${dims.join('')}_${stored}`
    const known = this.#inputs.get(name)
    if (known) return known
    const shape = dims.map((dim) => this.#plan.sizes[dim])
    const { data, bound } = elementsOf(dtype, product(shape), this.#inputs.size * 5 + 3)
    const input = { name, dims, dtype, bound, arg: host(shape, data, stored) }
    this.#inputs.set(name, input)
    return input
  }

  #index({ a }: StepPlan): Value {
    const axes = this.#axes.filter(({ kind }) => kind !== 'whole')
    const axis = pick(axes, a)
    const text = isTile(axis) ? `${axis.name}.index` : axis.name
    return { text, dtype: 'i32', axes: [axis], bound: LONGEST }
  }

  #union(...values: readonly Value[]): readonly Axis[] {
    return this.#axes.filter((axis) => values.some(({ axes }) => axes.includes(axis)))
  }

  #where({ a, b, c }: StepPlan): Value {
    const first = this.#value(b)
    const second = converted(this.#value(c), first.dtype)
    const truths = this.#values.filter(({ dtype }) => dtype === 'bool')
    const condition =
      truths.length > 0 ? pick(truths, a) : comparisonOf(first, second, this.#union(first, second), a)
    const axes = this.#union(condition, first, second)
    const parts = [condition, first, second].map((value) => over(value, axes))
    const bound = Math.max(first.bound, second.bound)
    return { text: `hl.where(${parts.join(', ')})`, dtype: first.dtype, axes, bound }
  }

  #reduce({ a, b, c }: StepPlan): Value | undefined {
    const value = this.#row(a)
    return value && reductionOf(value, b, c % 3 === 0)
  }

  #scan({ a, b, c }: StepPlan): Value | undefined {
    const value = this.#row(a)
    if (value && b % 5 === 4) return sortOf(value, c % 3 === 0, c % 2 === 0)
    return value && (b % 5 === 3 ? lastOf(value, c) : scanOf(value, b, c % 2 === 0))
  }

  #rearrange({ a, b, c }: StepPlan): Value {
    const value = this.#row(a)
    if (!value || c % 4 === 3) return rearrangedTiles(value ?? this.#value(a), b)
    const alike = this.#values.filter(({ axes }) => sameAxes(axes, value.axes))
    return rearrangedOf(value, pick(alike, c), b)
  }

  /** A value along a whole dimension. */
  #row(choice: number): Value | undefined {
    const whole = this.#values.filter(({ axes }) => axes.some(({ kind }) => kind === 'whole'))
    return pickMaybe(whole.reverse(), choice)
  }

  #tiles(): readonly Axis[] {
    return this.#axes.filter(({ kind }) => kind !== 'whole')
  }

  /** A dimension to loop over: one that the grid lacks, if there is one. */
  #depth(): DimName {
    const free = (['k', 'n', 'm'] as const).find((dim) => !this.#axes.some((axis) => axis.dim === dim))
    return free ?? this.#axes[0]?.dim ?? 'k'
  }

  /** Sums or maxima over another dimension, tile by tile. */
  #loop({ a, b, c }: StepPlan): Value | undefined {
    const axes = this.#tiles().filter((_, i) => a === 0 || (a >> i) & 1)
    const depth = this.#depth()
    const dtype = this.#dtype(['f32', 'i32', 'f16', 'u32'], b)
    const source = this.#input([...axes.map(({ dim }) => dim), depth], storedAs(dtype, a + c))
    const isSum = c % 2 === 0
    const row = axes.find(isTile)
    const form = pick(['tile', 'fixed', 'grid', ...(row ? (['jagged'] as const) : [])] as const, c >> 1)
    const acc = this.#fresh('acc')
    const extents = shapeOf(axes).map(({ name }) => name)
    const loaded = at(source.name, [...axes, { dim: depth, name: 't', kind: 'tile' }])
    const lengths = (of: Axis): string =>
      `${this.#input([of.dim], 'i32').name}.at(${of.name}).mod(${INPUT + 1})`
    const ends = form === 'jagged' && row ? lengths(row) : depth
    const elements = form === 'jagged' ? `${loaded}.add(1)` : loaded
    // In tiles of fixed length, in order: how many of a tile's elements are above 0 from each on.
    const sorted = form === 'fixed' && b % 2 === 1 ? `.sort(-1).values.gt(0).to('${dtype}').cumsum(-1)` : ''
    const reduced = form === 'grid' ? loaded : `${elements}${sorted}.${isSum ? 'sum' : 'amax'}(-1)`
    const loop = form === 'grid' ? `hl.grid(${depth})` : `hl.tile(${ends}${fixed(form)})`
    this.#lines.push(
      `  const ${acc} = hl.${isSum ? 'zeros' : 'full'}([${extents}]${isSum ? '' : ', 0'}, '${dtype}')`,
      `  for (const t of ${loop}) ${acc}.${isSum ? 'add' : 'maximum'}Assign(${reduced})`,
    )
    return { text: acc, dtype, axes, bound: isSum ? INPUT * LONGEST : INPUT + 1 }
  }

  /** A product of matrices, or of batches of them, summed over another dimension. */
  #dot({ a, b, c }: StepPlan): Value | undefined {
    const tiles = this.#tiles()
    const batch = tiles.length > 2 && b % 2 === 0 ? tiles.slice(0, 1) : []
    const [rows, columns] = tiles.slice(batch.length)
    if (!rows || !columns || !isTile(rows)) return undefined
    const depth = this.#depth()
    const dtype = this.#dtype(['f32', 'i32', 'f16'], b)
    const t: Axis = { dim: depth, name: 't', kind: 'tile' }
    const [own, other] = [batch.concat(rows, t), batch.concat(t, columns)]
    const left = this.#input(dimsOf(own), storedAs(dtype, a))
    const right = this.#input(dimsOf(other), storedAs(dtype, a + c))
    const sum = dtype === 'i32' ? 'i32' : 'f32'
    const acc = this.#fresh('acc')
    const axes = [...batch, rows, columns]
    const [x, y] = [at(left.name, own), at(right.name, other)]
    const scaled = a % 3 === 0 ? `${x}.mul(2)` : x
    const round = c % 2 === 0 ? `${acc}.addDot(${scaled}, ${y})` : `${acc}.addAssign(${scaled}.dot(${y}))`
    this.#lines.push(
      `  const ${acc} = hl.zeros([${axes.map(({ name }) => name).join(', ')}], '${sum}')`,
      `  for (const t of hl.tile(${depth}${fixed(c % 5 === 0 ? 'fixed' : 'tile')})) {`,
      `    ${round}`,
      '  }',
    )
    return { text: acc, dtype: sum, axes, bound: 32 * LONGEST }
  }

  /** Rows of a table at computed positions, some of which it does not have. */
  #gather({ a, b, c }: StepPlan): Value | undefined {
    const numbers = this.#values.filter(({ dtype }) => dtype !== 'bool')
    if (numbers.length === 0) return undefined
    const index = converted(pick([...numbers].reverse(), a), 'i32')
    const last = this.#axes.at(-1)
    const withLast = last && last.kind !== 'position' && !index.axes.includes(last) && b % 2 === 0
    const dims = withLast ? [this.#depth(), last.dim] : [this.#depth()]
    const table = this.#input(dims, storedAs(this.#dtype(DTYPES, c), a + b))
    const rest = withLast ? `, ${last.name}` : ''
    const axes = withLast ? [...index.axes, last] : index.axes
    return { ...table, text: `${table.name}.at(${index.text}${rest})`, axes }
  }

  /** Counts, or keeps the largest, where each element is in one program only. */
  #atomic({ a, b, c }: StepPlan): undefined {
    const all = this.#tiles()
    const candidates = this.#values.filter(
      (value) => value.dtype !== 'bool' && all.every((axis) => value.axes.includes(axis)),
    )
    if (candidates.length === 0) return undefined
    const value = pick([...candidates].reverse(), a)
    const slot = `${converted(value, 'i32').text}.mod(${ATOMIC_SLOTS})`
    const dtype = pick(['i32', 'u32'] as const, b)
    const added = c % 2 === 0 ? '1' : within(converted(value, dtype), 8).text
    const name = this.#fresh('counts')
    const make = `const ${name} = hl.zeros([${ATOMIC_SLOTS}], '${dtype}')`
    const mask = maskOver(this.#values, value.axes, a)
    const masked = mask ? `, { mask: ${mask} }` : ''
    this.#outputs.push({ stored: { name, dims: [], dtype, bound: Number.POSITIVE_INFINITY }, make })
    this.#lines.push(`  ${name}.at(${slot}).${atomicOf(added + masked, masked, b + (c >> 1))}`)
  }

  /** To an output of its own, at all positions of the grid: no two programs write to one place. */
  #store({ a, b, c }: StepPlan): undefined {
    const value = this.#value(a)
    const axes = this.#axes.filter((axis) => axis.kind !== 'whole' || value.axes.includes(axis))
    const isSmooth = value.dtype === 'f32' && b % 6 === 5
    const small = within(value, 8)
    const smooth = { ...small, text: `${small.text}.${pick(['exp', 'tanh', 'sigmoid'], c)}()` }
    const known = isSmooth ? smooth : converted(value, b % 2 === 0 ? value.dtype : this.#dtype(DTYPES, b))
    const turned = value.axes.length === 2 && shapeOf(axes).length === 2 && c % 4 === 1
    const order = turned ? [...axes].reverse() : axes
    const name = this.#fresh('out')
    const dims = dimsOf(order)
    const mask = turned ? undefined : maskOver(this.#values, axes, c)
    // Smooth results differ in their last digits, and would be rounded to neighbours.
    const stored = isSmooth ? known.dtype : storedAs(known.dtype, a + b + c)
    const make = `const ${name} = hl.${mask ? 'zeros' : 'empty'}([${dims}], '${stored}')`
    const bound = isSmooth ? Number.POSITIVE_INFINITY : storedBound(known.bound, stored)
    const output = { name, dims, dtype: known.dtype, bound }
    this.#outputs.push({ stored: isSmooth ? { ...output, dims: [] } : output, make })
    const text = turned ? `${known.text}.transpose()` : over(known, axes)
    const place = at(a % 3 === 1 ? `${name}.reshape([${dims}])` : name, order)
    this.#lines.push(`  ${place}.set(${text}${mask ? `, { mask: ${mask} }` : ''})`)
    if (!isSmooth) this.#own.push({ stored: output, axes: order })
    return undefined
  }

  /** Reads what the grid itself has stored, and stores it again. */
  #update({ a, b }: StepPlan): undefined {
    if (this.#own.length === 0) return undefined
    const { stored, axes } = pick([...this.#own].reverse(), a)
    if (stored.bound > LARGEST || stored.dtype === 'bool') return undefined
    const place = at(stored.name, axes)
    const before: Value = { ...stored, text: place, axes }
    const candidates = this.#values.filter(
      (value) => value.dtype === stored.dtype && sameAxes(value.axes, axes),
    )
    const next = candidates.length > 0 ? within(pick(candidates, b), 1).text : '1'
    this.#lines.push(`  ${place}.set(${within(before, stored.bound).text}.add(${next}))`)
    return undefined
  }
}
