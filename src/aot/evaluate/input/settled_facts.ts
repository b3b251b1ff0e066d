/**
 * From what the compiler said of a config on each shape to what holds on all. Where sizes are 0 or 1, or
 * tiles do not fit, a shape has formulas of its own: the ones that agree with the most of what was said on
 * other shapes are taken, of those the ones that name the most sizes.
 */
import type { Features } from '../../../heuristics/features.ts'
import { sum } from '../../../support/maths.ts'
import { stableStringify } from '../../../support/stable.ts'
import { type ConfigFacts, readFacts, type ToldFacts } from '../../facts/told_facts.ts'

/** Facts with the largest of the shapes that they were told of. */
export type FactsByShape = Map<ToldFacts, Features>

/** Formulas that fail more often than this on shapes of the sweep are no help on others. */
const LEAST_AGREEMENT = 0.8
/**
 * Counts that differ by no more agree: tiles are fitted to sizes in ways that no formula tells, such as parts
 * of a split sum, of which there are no more than a short one has work for.
 */
const TOLERATED = 2
/** Formulas that are compared with all others: a kernel whose sizes are all constants has one a shape. */
const MOST_TRIED = 20

export function addFacts(known: FactsByShape, facts: ToldFacts, features: Features): void {
  const other = known.get(facts)
  if (!other || extentOf(features) > extentOf(other)) known.set(facts, features)
}

interface Told {
  readonly facts: ConfigFacts
  /** The largest of the shapes that they were told of, and how many there were. */
  readonly features: Features
  readonly shapes: number
}

/** Undefined where nothing was told, or what was told on some shapes does not hold on the others. */
export function settledFacts(told: FactsByShape | undefined): ConfigFacts | undefined {
  if (!told) return undefined
  const texts = new Map<string, Told>()
  for (const [facts, features] of told) {
    const text = stableStringify(facts)
    const known = texts.get(text)
    const isLargest = !known || extentOf(features) > extentOf(known.features)
    texts.set(text, {
      facts: known?.facts ?? readFacts(facts),
      features: isLargest ? features : known.features,
      shapes: (known?.shapes ?? 0) + 1,
    })
  }
  const all = [...texts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, each]) => each)
  const [best] = all
    .toSorted((a, b) => namesIn(b.facts) - namesIn(a.facts) || extentOf(b.features) - extentOf(a.features))
    .slice(0, MOST_TRIED)
    .map(({ facts }) => {
      const agreeing = all.filter((other) => agree(facts, other.facts, other.features))
      return { facts, shapes: sum(agreeing.map(({ shapes }) => shapes)) }
    })
    .sort((a, b) => b.shapes - a.shapes)
  return best && best.shapes >= LEAST_AGREEMENT * told.size ? best.facts : undefined
}

function extentOf(features: Features): number {
  return sum(Object.values(features).map((value) => (typeof value === 'number' ? value : 0)))
}

function namesIn({ counts }: ConfigFacts): number {
  return new Set(Object.values(counts).flatMap(({ names }) => names)).size
}

function agree(general: ConfigFacts, own: ConfigFacts, features: Features): boolean {
  const sizeNamed = (name: string): number =>
    Number(Object.hasOwn(features, name) ? features[name] : Number.NaN)
  return (['workgroups', 'rounds', 'outputs'] as const).every((name) => {
    const [a, b] = [general.counts[name], own.counts[name]]
    return !a || !b || areNear(a.valueAt(sizeNamed), b.valueAt(sizeNamed))
  })
}

function areNear(a: number, b: number): boolean {
  return a === b || Math.max(a, b) <= TOLERATED * Math.min(a, b)
}
