/** What the report shows, as plain data: inlined into the page and drawn there. */

import { type ConfigData, isOpen } from '../../../config/value.ts'
import { stableStringify } from '../../../support/stable.ts'
import type { BuiltKernel } from '../build.ts'
import type { Decision } from '../decide/decision.ts'
import { usedColumns } from '../decide/evidence.ts'
import type { RegretStatistics } from '../decide/statistics.ts'
import { regretStatistics, TOO_FEW_HELD_OUT, worstOfKeptText } from '../decide/statistics.ts'
import { condition, quantity } from '../emit/expressions.ts'
import type { Evaluation } from '../evaluate_module.ts'
import type { DroppedFeature } from '../features/columns.ts'
import { isLeaf, type TreeNode } from '../learn/tree.ts'
import { regretOf } from '../matrix.ts'
import { entryAt, range } from '../numeric.ts'
import { type SearchReport, searchReport } from './search_report.ts'
import { shapeName } from './shape_name.ts'

export interface ReportData {
  readonly title: string
  readonly device: string
  readonly facts: readonly (readonly [name: string, value: string])[]
  readonly problems: readonly string[]
  readonly kernels: readonly KernelReport[]
}

export interface KernelReport {
  readonly kernel: string
  readonly goal: string
  readonly goalMet: boolean
  readonly backend: string
  readonly counts: {
    readonly shapes: number
    readonly configs: number
    readonly kept: number
    readonly leaves: number
  }
  readonly training: RegretStatistics
  readonly further: RegretStatistics | null
  readonly heldOut: RegretStatistics | null
  /** Why nothing is said of held-out shapes, and what is known instead. */
  readonly unknown: string | null
  readonly warnings: readonly string[]
  /** Slowdown by shape and config, null where forbidden; kept configs come first. */
  readonly heat: HeatMap
  readonly tree: ReportTree | null
  /** Regrets in ascending order. */
  readonly trainingRegrets: readonly number[]
  readonly heldOutRegrets: readonly number[]
  readonly singleRegrets: readonly number[]
  readonly curve: Decision['curve']
  readonly models: readonly {
    readonly backend: string
    readonly size: number
    readonly training: number
    readonly heldOut: number | null
    readonly p95: number | null
  }[]
  readonly worst: readonly WorstShape[]
  readonly used: readonly string[]
  readonly dropped: readonly DroppedFeature[]
  readonly configs: readonly string[]
  /** Null where the input tells nothing of searches. */
  readonly searches: SearchReport | null
}

export interface HeatMap {
  readonly shapes: readonly string[]
  readonly configs: readonly { readonly name: string; readonly text: string; readonly kept: boolean }[]
  readonly slowdowns: readonly (readonly (number | null)[])[]
  /** Position in `configs` of the choice for each shape. */
  readonly chosen: readonly number[]
}

export type ReportTree =
  | { readonly choice: number; readonly shapes: number; readonly heldOut: number | null }
  | { readonly question: string; readonly low: ReportTree; readonly high: ReportTree }

export interface WorstShape {
  readonly shape: string
  readonly slowdown: number | null
  readonly heldOut: number | null
  readonly chosen: string
  readonly best: string
}

/** Rows that fit a screen. */
const MOST_WORST = 12

export function kernelReport({ decision, evaluation, searches }: BuiltKernel): KernelReport {
  const { matrix, settings } = decision
  const heat = heatMap(decision, evaluation)
  const slowdowns = evaluation.shapes.map(({ slowdown }) => slowdown ?? Number.POSITIVE_INFINITY)
  return {
    kernel: decision.kernel,
    goal: `${settings.goal.name} ≤ ${settings.goal.threshold}`,
    goalMet: decision.goal.met,
    backend: decision.backend,
    counts: {
      shapes: decision.sweep.shapes.length,
      configs: decision.sweep.configs.length,
      kept: decision.configs.length,
      leaves: decision.leaves.length,
    },
    training: decision.training,
    further: decision.further,
    heldOut: decision.heldOut,
    unknown: decision.heldOut ? null : `${TOO_FEW_HELD_OUT}: ${worstOfKeptText(decision.worstOfKept)}`,
    warnings: decision.warnings,
    heat,
    tree:
      decision.program.kind === 'tree'
        ? reportTree(decision, decision.program.root, [...decision.leaves])
        : null,
    trainingRegrets: ascending(slowdowns),
    heldOutRegrets: ascending(decision.heldOutRegrets.flatMap((regrets) => [...regrets])),
    singleRegrets: ascending(bestSingle(decision)),
    curve: decision.curve,
    models: decision.comparison.map(({ backend, size, training, heldOut }) => ({
      backend,
      size,
      training: training.geomean,
      heldOut: heldOut?.geomean ?? null,
      p95: heldOut?.p95 ?? null,
    })),
    worst: worstShapes(decision, evaluation),
    used: usedColumns(decision.program, decision.terms).map(
      (column) => entryAt(decision.columns, column).name,
    ),
    dropped: decision.dropped,
    searches: searchReport(searches) ?? null,
    configs: decision.kept.map((column) => configText(entryAt(matrix.configs, column).data)),
  }
}

/** Slowdowns of all shapes and configs, kept configs first. */
export function heatMap(decision: Decision, evaluation: Evaluation): HeatMap {
  const { matrix, kept } = decision
  const others = range(matrix.configs.length).filter((column) => !kept.includes(column))
  const columns = [...kept, ...others]
  const positions = new Map(columns.map((column, index) => [entryAt(matrix.configs, column).hash, index]))
  const rows = range(matrix.shapes.length)
    .map((row) => ({ row, name: shapeName(entryAt(matrix.shapes, row).features) }))
    .sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }))
  return {
    shapes: rows.map(({ name }) => name),
    configs: columns.map((column, index) => ({
      name: index < kept.length ? `#${index}` : entryAt(matrix.configs, column).hash.slice(0, 4),
      text: configText(entryAt(matrix.configs, column).data),
      kept: index < kept.length,
    })),
    slowdowns: rows.map(({ row }) => columns.map((column) => finiteOrNull(regretOf(matrix, row, column)))),
    chosen: rows.map(({ row }) => positions.get(evaluation.shapes[row]?.configHash ?? '') ?? -1),
  }
}

function configText(data: ConfigData): string {
  return isOpen(data) ? 'the default config of each shape' : stableStringify(data)
}

function reportTree(decision: Decision, node: TreeNode, leaves: Decision['leaves'][number][]): ReportTree {
  if (isLeaf(node)) {
    const leaf = leaves.shift()
    return { choice: node.choice, shapes: leaf?.shapes ?? 0, heldOut: leaf?.heldOut?.geomean ?? null }
  }
  const term = entryAt(decision.terms, node.term)
  const derived = quantity(term, decision.columns)
  const text = condition(term, node.threshold, decision.columns)
  return {
    question: derived ? text.replace(derived.name, derived.expression) : text,
    low: reportTree(decision, node.low, leaves),
    high: reportTree(decision, node.high, leaves),
  }
}

function bestSingle({ matrix }: Decision): readonly number[] {
  const byConfig = range(matrix.configs.length).map((column) =>
    matrix.shapes.map((_, row) => regretOf(matrix, row, column)),
  )
  const scored = byConfig.map((regrets) => ({ regrets, ...regretStatistics(regrets) }))
  scored.sort((a, b) => a.forbidden - b.forbidden || a.geomean - b.geomean)
  return scored[0]?.regrets ?? []
}

function worstShapes(decision: Decision, evaluation: Evaluation): readonly WorstShape[] {
  const { matrix } = decision
  const names = new Map(
    decision.kept.map((column, index) => [entryAt(matrix.configs, column).hash, `#${index}`]),
  )
  const rows = range(matrix.shapes.length).map((row) => {
    const heldOut = decision.heldOutRegrets.map((regrets) => regrets[row] ?? Number.NaN)
    const verdict = evaluation.shapes[row]
    const best = matrix.configs.find((_, column) => regretOf(matrix, row, column) === 1)
    return {
      shape: shapeName(entryAt(matrix.shapes, row).features),
      slowdown: verdict?.slowdown ?? null,
      heldOut: heldOut.length > 0 ? finiteOrNull(Math.max(...heldOut)) : null,
      chosen: names.get(verdict?.configHash ?? '') ?? '?',
      best: names.get(best?.hash ?? '') ?? best?.hash.slice(0, 4) ?? '–',
    }
  })
  const rank = ({ slowdown, heldOut }: WorstShape) => Math.max(slowdown ?? 1e9, heldOut ?? 0)
  return rows.sort((a, b) => rank(b) - rank(a)).slice(0, MOST_WORST)
}

function ascending(values: readonly number[]): readonly number[] {
  return values.filter(Number.isFinite).sort((a, b) => a - b)
}

function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null
}
