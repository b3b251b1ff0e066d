/**
 * Shapes that nobody calls yet: between the known ones and around them, where models know least. What the
 * known shapes have in common they keep: sizes that are always equal, sizes that never change, powers of two
 * that divide all sizes of a dimension. No tensor becomes longer than it is somewhere among the known.
 */

import { argumentFeature, parseArgumentFeature } from '../../heuristics/feature_names.ts'
import type { Features } from '../../heuristics/features.ts'
import { product } from '../../support/maths.ts'

/** The sizes of the tensors among the arguments, by argument; undefined for other arguments. */
export type ArgumentSizes = readonly (readonly number[] | undefined)[]

/** Larger powers of two are chance. */
const LARGEST_HABIT = 64

/** A dimension of an argument. */
interface Place {
  readonly argument: number
  readonly dim: number
}

/** Places whose sizes are equal in all shapes. */
interface Dimension {
  readonly places: readonly Place[]
  /** By shape. */
  readonly sizes: readonly number[]
  readonly multipleOf: number
  /** Standard deviation of log2 of the sizes. */
  readonly spread: number
}

/** Sizes of a shape by its features; those that features leave out are as in `like`. */
export function sizesIn(features: Features, like: ArgumentSizes): ArgumentSizes {
  return like.map((shape, argument) =>
    shape?.map((size, dim) => {
      const name = argumentFeature(argument, 'dim', dim)
      const known = Object.hasOwn(features, name) ? features[name] : undefined
      return typeof known === 'number' ? known : size
    }),
  )
}

/** Features of a shape of these sizes that is otherwise as one with the features `like`. */
export function featuresIn(sizes: ArgumentSizes, like: Features): Features {
  return Object.fromEntries(
    Object.entries(like).map(([name, value]) => {
      const { argument = -1, what, dim = -1 } = parseArgumentFeature(name) ?? {}
      const shape = sizes[argument]
      if (!shape) return [name, value]
      return [name, what === 'numel' ? product(shape) : what === 'dim' ? (shape[dim] ?? value) : value]
    }),
  )
}

/**
 * Further shapes near the first of the known ones, the farthest from all of these first: what a smooth model
 * is least sure of. None where only one shape is known, or nothing of it changes.
 */
export function furtherShapes(known: readonly ArgumentSizes[]): readonly ArgumentSizes[] {
  const [base] = known
  if (!base) return []
  const dimensions = dimensionsOf(known)
  const free = dimensions.filter(({ spread }) => spread > 0)
  const own = free.map(({ sizes }) => sizes[0] ?? 0)
  const points = known.map((_, shape) => free.map(({ sizes }) => sizes[shape] ?? 0))
  const found = new Map<string, { readonly sizes: readonly number[]; readonly far: number }>()
  for (const other of points.slice(1))
    for (const sizes of [between(own, other, free), ...exchanged(own, other, free)]) {
      const far = Math.min(...points.map((point) => distance(point, sizes, free)))
      if (far > 0) found.set(sizes.join(), { sizes, far })
    }
  return [...found.values()]
    .sort((a, b) => b.far - a.far)
    .map(({ sizes }) => placed(base, free, sizes))
    .filter((shape) => hasRoom(shape, known))
}

function dimensionsOf(known: readonly ArgumentSizes[]): readonly Dimension[] {
  const groups = new Map<string, { places: Place[]; sizes: readonly number[] }>()
  known[0]?.forEach((shape, argument) => {
    shape?.forEach((_, dim) => {
      const sizes = known.map((each) => each[argument]?.[dim] ?? 0)
      const group = groups.get(sizes.join()) ?? { places: [], sizes }
      groups.set(sizes.join(), group)
      group.places.push({ argument, dim })
    })
  })
  return [...groups.values()].map(({ places, sizes }) => {
    return { places, sizes, multipleOf: habitOf(sizes), spread: spreadOf(sizes) }
  })
}

function habitOf(sizes: readonly number[]): number {
  let habit = LARGEST_HABIT
  while (habit > 1 && sizes.some((size) => size % habit !== 0)) habit /= 2
  return habit
}

function spreadOf(sizes: readonly number[]): number {
  const logs = sizes.map(logOf)
  const mean = logs.reduce((a, b) => a + b, 0) / logs.length
  return Math.sqrt(logs.reduce((sum, log) => sum + (log - mean) ** 2, 0) / logs.length)
}

function logOf(size: number): number {
  return Math.log2(Math.max(size, 0.5))
}

/** The middle of two shapes. */
function between(a: readonly number[], b: readonly number[], free: readonly Dimension[]): readonly number[] {
  return free.map(({ multipleOf }, i) => {
    const middle = Math.sqrt((a[i] ?? 0) * (b[i] ?? 0))
    return Math.max(multipleOf, Math.round(middle / multipleOf) * multipleOf)
  })
}

/** A shape with one size of another. */
function exchanged(
  a: readonly number[],
  b: readonly number[],
  free: readonly Dimension[],
): readonly (readonly number[])[] {
  return free.map((_, changed) => a.map((size, i) => (i === changed ? (b[i] ?? size) : size)))
}

/** In spreads of the known sizes. */
function distance(a: readonly number[], b: readonly number[], free: readonly Dimension[]): number {
  return Math.hypot(...free.map(({ spread }, i) => (logOf(a[i] ?? 0) - logOf(b[i] ?? 0)) / spread))
}

function placed(base: ArgumentSizes, free: readonly Dimension[], sizes: readonly number[]): ArgumentSizes {
  const shapes = base.map((shape) => (shape ? [...shape] : undefined))
  free.forEach(({ places }, i) => {
    for (const { argument, dim } of places) {
      const shape = shapes[argument]
      if (shape) shape[dim] = sizes[i] ?? 0
    }
  })
  return shapes
}

function hasRoom(shape: ArgumentSizes, known: readonly ArgumentSizes[]): boolean {
  return shape.every((sizes, argument) => {
    const most = Math.max(...known.map((each) => product(each[argument] ?? [])))
    return sizes === undefined || product(sizes) <= most
  })
}
