/** Random chains of view operations, beside what they do to a list of positions. */
import type { Tensor } from '../../src/language/index.ts'
import { product } from '../../src/support/maths.ts'
import { Random } from '../../src/support/random.ts'

/** A view as positions in its tensor, in order. */
export interface Positions {
  readonly shape: readonly number[]
  readonly at: readonly number[]
  /** How many elements the tensor has. */
  readonly of: number
}

export interface Chain {
  /** The operations as they are written. */
  readonly text: string
  readonly shape: readonly number[]
  readonly apply: (tensor: Tensor) => Tensor
  readonly found: Positions
  /** True when two positions may be one element. */
  readonly repeats: boolean
}

interface Step {
  readonly text: string
  readonly apply: (tensor: Tensor) => Tensor
  readonly found: Positions
}

/** A chain of up to five operations on a tensor of one to four dimensions. */
export function randomChain(seed: number): Chain {
  const random = new Random(seed)
  const sizes = [1, 2, 3, 4, 6, 8]
  const shape = Array.from({ length: random.int(1, 4) }, () => random.choice(sizes))
  const of = product(shape)
  let found: Positions = { shape, at: [...Array(of).keys()], of }
  const steps: Step[] = []
  for (let count = random.int(1, 5); steps.length < count; ) {
    const step = random.choice(STEPS)(found, random)
    if (!step || product(step.found.shape) > 600 || step.found.shape.length > 5) continue
    steps.push(step)
    found = step.found
  }
  return {
    text: `x[${shape}]${steps.map(({ text }) => text).join('')}`,
    shape,
    apply: (tensor) => steps.reduce((view, step) => step.apply(view), tensor),
    found,
    repeats: found.at.length === 0 || new Set(found.at).size < found.at.length,
  }
}

/** The positions where the result's index `of(index)` is taken from. */
function taken(
  from: Positions,
  shape: readonly number[],
  of: (index: readonly number[]) => readonly number[],
): Positions {
  const at = [...Array(product(shape)).keys()].map((i) => {
    const index = of(unravel(i, shape))
    return from.at[index.reduce((sum, one, dim) => sum * (from.shape[dim] ?? 1) + one, 0)] ?? Number.NaN
  })
  return { shape, at, of: from.of }
}

function unravel(position: number, shape: readonly number[]): number[] {
  let rest = position
  const index = shape.map(() => 0)
  for (let dim = shape.length - 1; dim >= 0; dim--) {
    index[dim] = rest % (shape[dim] ?? 1)
    rest = Math.floor(rest / (shape[dim] ?? 1))
  }
  return index
}

const STEPS: readonly ((from: Positions, random: Random) => Step | undefined)[] = [
  permute,
  slice,
  slice,
  unsqueeze,
  squeeze,
  expand,
  reshape,
  reshape,
]

function permute(from: Positions, random: Random): Step {
  const order = random.shuffle([...from.shape.keys()])
  const shape = order.map((dim) => from.shape[dim] ?? 1)
  const found = taken(from, shape, (index) => from.shape.map((_, dim) => index[order.indexOf(dim)] ?? 0))
  return { text: `.permute(${order})`, apply: (x) => x.permute(...order), found }
}

function slice(from: Positions, random: Random): Step | undefined {
  if (from.shape.length === 0) return undefined
  const dim = random.int(0, from.shape.length - 1)
  const size = from.shape[dim] ?? 1
  const begin = random.int(0, size)
  const end = random.int(begin, size)
  const step = random.choice([1, 1, 1, 2, 3])
  if (end === begin && random.next() < 0.9) return undefined
  const shape = from.shape.map((old, i) => (i === dim ? Math.ceil((end - begin) / step) : old))
  const found = taken(from, shape, (index) => index.map((one, i) => (i === dim ? begin + step * one : one)))
  return { text: `.slice(${[dim, begin, end, step]})`, apply: (x) => x.slice(dim, begin, end, step), found }
}

function unsqueeze(from: Positions, random: Random): Step {
  const dim = random.int(0, from.shape.length)
  const shape = [...from.shape.slice(0, dim), 1, ...from.shape.slice(dim)]
  return { text: `.unsqueeze(${dim})`, apply: (x) => x.unsqueeze(dim), found: { ...from, shape } }
}

function squeeze(from: Positions): Step | undefined {
  const dim = from.shape.lastIndexOf(1)
  if (dim < 0) return undefined
  const shape = from.shape.filter((_, i) => i !== dim)
  return { text: `.squeeze(${dim})`, apply: (x) => x.squeeze(dim), found: { ...from, shape } }
}

function expand(from: Positions, random: Random): Step {
  const front = random.choice<readonly number[]>([[], [], [2]])
  const given = [...front, ...from.shape.map((size) => (size === 1 ? random.int(1, 3) : -1))]
  const shape = given.map((size, i) => (size === -1 ? (from.shape[i - front.length] ?? 1) : size))
  const found = taken(from, shape, (index) =>
    from.shape.map((size, dim) => (size === 1 ? 0 : (index[dim + front.length] ?? 0))),
  )
  return { text: `.expand([${given}])`, apply: (x) => x.expand(given), found }
}

/**
 * Of elements that lie in order: all of the tensor, or to one dimension. What else can be has tests of its
 * own.
 */
function reshape(from: Positions, random: Random): Step | undefined {
  const count = from.at.length
  if (count === 0 || from.at.some((at, i) => at !== (from.at[0] ?? 0) + i)) return undefined
  const shape: number[] = []
  for (let rest = count; rest > 1; ) {
    const divisors = [...Array(rest + 1).keys()].filter((d) => d > 1 && rest % d === 0)
    const size = count < from.of ? count : random.choice(divisors)
    shape.push(size)
    rest /= size
  }
  if (random.next() < 0.3) shape.splice(random.int(0, shape.length), 0, 1)
  const open = random.int(-1, shape.length - 1)
  const given = shape.map((size, dim) => (dim === open ? -1 : size))
  return { text: `.reshape([${given}])`, apply: (x) => x.reshape(given), found: { ...from, shape } }
}
