/**
 * What the report shows of a kernel's searches: how the best time fell, what failed and why, and how much
 * each config field matters, judged by trials that differ in that field alone.
 */
import type { ConfigData, ConfigValue } from '../../../config/value.ts'
import { type FailureGroup, failureGroups } from '../../../support/failure_groups.ts'
import { median } from '../../../support/maths.ts'
import { stableStringify } from '../../../support/stable.ts'
import type { SearchTrace, TracedTrial } from '../input/search_traces.ts'
import { shapeName } from './shape_name.ts'

export interface SearchReport {
  readonly shapes: readonly ShapeSearch[]
  readonly failures: readonly FailureGroup[]
  /** The field that matters most comes first. */
  readonly fields: readonly FieldEffect[]
}

export interface ShapeSearch {
  readonly shape: string
  readonly trials: number
  readonly failed: number
  readonly seconds: number
  /** Milliseconds of the default config, where the search timed it. */
  readonly defaultMs: number | null
  readonly bestMs: number
  /** Where the best config came from. */
  readonly origin: string
  /** Trials until the best so far was within 5 % of the best. */
  readonly trialsToNear: number
  /** Each time that the best fell, and the end. */
  readonly steps: readonly { readonly trial: number; readonly seconds: number; readonly ms: number }[]
}

/** What one field, or one place of a list, does to the time when nothing else moves. */
export interface FieldEffect {
  readonly field: string
  /** Groups of trials that differ in this field alone. */
  readonly groups: number
  /** Time of a group's slowest value over that of its fastest: the median of the groups. */
  readonly effect: number
  /** The group in which it matters most, in milliseconds. */
  readonly fastestMs: number
  readonly slowestMs: number
  /** Each value: median of its time over the fastest in its group. */
  readonly values: readonly { readonly value: string; readonly ratio: number; readonly groups: number }[]
}

/** A trial this near the best counts as one of the good. */
const NEAR = 1.05
/** Values of a field that are shown, the most tried ones. */
const MOST_VALUES = 10
/** Rows that fit a screen. */
const MOST_FAILURES = 12

/** Undefined where no search of the kernel timed anything. */
export function searchReport(traces: readonly SearchTrace[]): SearchReport | undefined {
  const shapes = traces.flatMap((trace) => shapeSearch(trace) ?? [])
  if (shapes.length === 0) return undefined
  return {
    shapes,
    failures: failureGroups(traces.flatMap(({ trials }) => trials)).slice(0, MOST_FAILURES),
    fields: fieldEffects(traces),
  }
}

function shapeSearch({ features, defaultConfig, trials }: SearchTrace): ShapeSearch | undefined {
  const steps: ShapeSearch['steps'][number][] = []
  let best: TracedTrial | undefined
  for (const [index, trial] of trials.entries()) {
    if (trial.ms === undefined || trial.ms >= (best?.ms ?? Number.POSITIVE_INFINITY)) continue
    best = trial
    steps.push({ trial: index + 1, seconds: trial.seconds, ms: trial.ms })
  }
  const last = trials.at(-1)
  if (best?.ms === undefined || !last) return undefined
  const bestMs = best.ms
  steps.push({ trial: trials.length, seconds: last.seconds, ms: bestMs })
  const standard = defaultConfig && stableStringify(defaultConfig)
  return {
    shape: shapeName(features),
    trials: trials.length,
    failed: trials.filter(({ ms }) => ms === undefined).length,
    seconds: last.seconds,
    defaultMs: trials.find(({ config }) => stableStringify(config) === standard)?.ms ?? null,
    bestMs,
    origin: best.origin ?? '',
    trialsToNear: steps.find(({ ms }) => ms <= NEAR * bestMs)?.trial ?? trials.length,
    steps,
  }
}

/** A timed trial as the values of its slots. */
interface Point {
  readonly ms: number
  readonly slots: ReadonlyMap<string, string>
}

function fieldEffects(traces: readonly SearchTrace[]): readonly FieldEffect[] {
  const points = traces.map(({ trials }) =>
    trials.flatMap(({ config, ms }): Point[] => (ms === undefined ? [] : [{ ms, slots: slotsOf(config) }])),
  )
  const slots = new Set(points.flat().flatMap((point) => [...point.slots.keys()]))
  return [...slots]
    .flatMap(
      (slot) =>
        effectOf(
          slot,
          points.flatMap((shape) => groupsOf(slot, shape)),
        ) ?? [],
    )
    .sort((a, b) => b.effect - a.effect)
}

/** Field or place of a list to the value there. */
function slotsOf(config: ConfigData): ReadonlyMap<string, string> {
  const slots = new Map<string, string>()
  for (const [field, value] of Object.entries(config)) {
    if (!isList(value) || value.length < 2) slots.set(field, JSON.stringify(isList(value) ? value[0] : value))
    else for (const [place, item] of value.entries()) slots.set(`${field}[${place}]`, JSON.stringify(item))
  }
  return slots
}

function isList(value: ConfigValue): value is readonly ConfigValue[] {
  return Array.isArray(value)
}

/** Points of one shape that are equal but for one slot, as times by value; single ones tell nothing. */
function groupsOf(slot: string, points: readonly Point[]): readonly ReadonlyMap<string, number>[] {
  const groups = new Map<string, Map<string, number>>()
  for (const { ms, slots } of points) {
    const value = slots.get(slot)
    if (value === undefined) continue
    const others = [...slots].map(([name, text]) => (name === slot ? '' : `${name}=${text}`)).join()
    const group = groups.get(others) ?? new Map<string, number>()
    groups.set(others, group.set(value, ms))
  }
  return [...groups.values()].filter(({ size }) => size > 1)
}

function effectOf(field: string, groups: readonly ReadonlyMap<string, number>[]): FieldEffect | undefined {
  if (groups.length === 0) return undefined
  const ratios = new Map<string, number[]>()
  const spans = groups.map((group) => {
    const [fastestMs, slowestMs] = [Math.min(...group.values()), Math.max(...group.values())]
    for (const [value, ms] of group) ratios.set(value, [...(ratios.get(value) ?? []), ms / fastestMs])
    return { fastestMs, slowestMs, ratio: slowestMs / fastestMs }
  })
  const most = spans.reduce((a, b) => (b.ratio > a.ratio ? b : a))
  const values = [...ratios]
    .map(([value, all]) => ({ value, ratio: median(all), groups: all.length }))
    .sort((a, b) => b.groups - a.groups)
    .slice(0, MOST_VALUES)
    .sort((a, b) => a.ratio - b.ratio)
  return {
    field,
    groups: groups.length,
    effect: median(spans.map(({ ratio }) => ratio)),
    fastestMs: most.fastestMs,
    slowestMs: most.slowestMs,
    values,
  }
}
