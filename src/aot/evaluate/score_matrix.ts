/**
 * The timing matrix as text for a terminal: slowdown by shape and config, kept configs first, choices marked.
 */
import type { Decision } from './decide/decision.ts'
import type { Evaluation } from './evaluate_module.ts'
import { heatMap } from './report/report_data.ts'

/** Of a wide terminal: 16 cells, each for `123.45*`. */
const MOST_COLUMNS = 16
const CELL = 8

/** One line per shape; `*` marks the choice, `-` a config that cannot run. */
export function scoreMatrix(decision: Decision, evaluation: Evaluation): string {
  const heat = heatMap(decision, evaluation)
  const width = Math.max(5, ...heat.shapes.map((shape) => shape.length))
  const shown = heat.configs.slice(0, MOST_COLUMNS)
  const head = `${'shape'.padEnd(width)}${shown.map(({ name }) => name.padStart(CELL)).join('')}`
  const lines = heat.shapes.map((shape, row) => {
    const cells = shown.map((_, column) => {
      const slowdown = heat.slowdowns[row]?.[column] ?? null
      const mark = heat.chosen[row] === column ? '*' : ' '
      return `${slowdown === null ? '-' : slowdown.toFixed(2)}${mark}`.padStart(CELL)
    })
    return `${shape.padEnd(width)}${cells.join('')}`
  })
  const hidden = heat.configs.length - shown.length
  const rest = hidden > 0 ? [`(${hidden} more configs not shown)`] : []
  return [head, ...lines.map((line) => line.trimEnd()), ...rest].join('\n')
}
