/** The pictures that Observable Plot draws. */
import * as Plot from '@observablehq/plot'
import type { KernelReport } from '../report_data.ts'

const COLOURS = { measured: '#2c62b5', heldOut: '#d1672c', single: '#8b95a3' } as const
const STYLE = { fontSize: '12px', background: 'transparent' } as const

/** Room for the label of the horizontal axis below its ticks. */
const LABEL_OFFSET = 38

/** Cumulative distribution of the regret: measured shapes, held-out shapes, and the best single config. */
export function regretPlot(kernel: KernelReport): Node {
  const series = [
    { name: 'measured shapes', colour: COLOURS.measured, values: kernel.trainingRegrets },
    { name: 'held-out shapes', colour: COLOURS.heldOut, values: kernel.heldOutRegrets },
    { name: 'best single config', colour: COLOURS.single, values: kernel.singleRegrets },
  ].filter(({ values }) => values.length > 0)
  const all = series.flatMap(({ values }) => values)
  const limit = Math.max(1.1, Math.min(4, 1.05 * quantileOf(all, 0.97)))
  const points = series.flatMap(({ name, values }) => [
    { name, regret: 1, share: 0 },
    ...values.map((regret, index) => ({
      name,
      regret: Math.min(regret, limit),
      share: (index + 1) / values.length,
    })),
    { name, regret: limit, share: values.filter((regret) => regret <= limit).length / values.length },
  ])
  return Plot.plot({
    style: STYLE,
    width: 540,
    height: 310,
    marginLeft: 48,
    marginBottom: 44,
    x: {
      type: 'log',
      domain: [1, limit],
      label: 'regret →',
      labelOffset: LABEL_OFFSET,
      ticks: 6,
      tickFormat: (value: number) => `${Number(value.toFixed(2))}×`,
    },
    y: { grid: true, percent: true, label: '↑ share of shapes (%)', domain: [0, 100] },
    color: {
      legend: true,
      domain: series.map(({ name }) => name),
      range: series.map(({ colour }) => colour),
    },
    marks: [
      Plot.line(points, { x: 'regret', y: 'share', stroke: 'name', strokeWidth: 2, curve: 'step-after' }),
      Plot.ruleY([0]),
    ],
  })
}

/** Regret of the best set of 1, 2, … configs; the kept number is marked. */
export function curvePlot(kernel: KernelReport): Node {
  const points = kernel.curve.flatMap(({ configs, geomean, worst }) => [
    { configs, regret: geomean, name: 'geometric mean' },
    { configs, regret: worst, name: 'worst shape' },
  ])
  return Plot.plot({
    style: STYLE,
    width: 540,
    height: 310,
    marginLeft: 48,
    marginBottom: 44,
    x: {
      label: 'configs →',
      labelOffset: LABEL_OFFSET,
      ticks: kernel.curve.map(({ configs }) => configs),
      tickFormat: 'd',
    },
    y: {
      type: 'log',
      grid: true,
      label: '↑ regret',
      ticks: 6,
      tickFormat: (value: number) => `${Number(value.toFixed(2))}×`,
    },
    color: {
      legend: true,
      domain: ['geometric mean', 'worst shape'],
      range: [COLOURS.measured, COLOURS.heldOut],
    },
    marks: [
      Plot.ruleX([kernel.counts.kept], { stroke: 'currentColor', strokeDasharray: '3 4' }),
      Plot.line(points, { x: 'configs', y: 'regret', stroke: 'name', strokeWidth: 2, marker: 'circle' }),
    ],
  })
}

/** Few configs do not fill the page. */
const WIDEST_CELL = 72

/** Slowdown by shape and config. */
export function heatPlot({ heat }: KernelReport): Node {
  const names = heat.configs.map(({ name }, index) => `${index} ${name}`)
  const rows = heat.shapes.map((shape, index) => `${index} ${shape}`)
  const cells = heat.slowdowns.flatMap((row, r) =>
    row.map((slowdown, c) => ({
      shape: rows[r],
      config: names[c],
      slowdown: slowdown ?? Number.NaN,
      chosen: heat.chosen[r] === c,
      title: [
        heat.shapes[r],
        heat.configs[c]?.text,
        slowdown === null ? 'cannot run' : `${slowdown.toFixed(3)}×`,
      ].join('\n'),
    })),
  )
  const bare = (label: string) => label.replace(/^\d+ /, '')
  const marginLeft = Math.min(420, 24 + 6.4 * Math.max(...heat.shapes.map(({ length }) => length)))
  return Plot.plot({
    style: STYLE,
    width: Math.min(1120, marginLeft + 40 + WIDEST_CELL * names.length),
    height: Math.max(160, Math.min(1600, rows.length * 15) + 90),
    marginLeft,
    marginBottom: 48,
    x: { domain: names, tickFormat: bare, label: null, tickRotate: -60 },
    y: { domain: rows, tickFormat: bare, label: null },
    color: {
      type: 'log',
      scheme: 'YlOrRd',
      domain: [1, 3],
      clamp: true,
      legend: true,
      label: 'slowdown',
      tickFormat: (value: number) => `${value}×`,
    },
    marks: [
      Plot.cell(
        cells.filter(({ slowdown }) => !Number.isNaN(slowdown)),
        { x: 'config', y: 'shape', fill: 'slowdown', inset: 0.5, title: 'title' },
      ),
      Plot.dot(
        cells.filter(({ slowdown }) => Number.isNaN(slowdown)),
        { x: 'config', y: 'shape', symbol: 'times', r: 3, stroke: '#8b95a3', title: 'title' },
      ),
      Plot.dot(
        cells.filter(({ chosen }) => chosen),
        { x: 'config', y: 'shape', r: 3, fill: '#12305e', stroke: 'white', strokeWidth: 0.8, title: 'title' },
      ),
    ],
  })
}

/** Each model's geometric mean on measured and on held-out shapes. */
export function modelPlot(kernel: KernelReport): Node {
  const label = (backend: string) => (backend === kernel.backend ? `▸ ${backend}` : backend)
  const dots = kernel.models.flatMap(({ backend, training, heldOut }) => [
    ...(heldOut === null
      ? []
      : [{ backend: label(backend), percent: 100 * (heldOut - 1), name: 'held-out shapes' }]),
    { backend: label(backend), percent: 100 * (training - 1), name: 'measured shapes' },
  ])
  return Plot.plot({
    style: STYLE,
    width: 540,
    height: 84 + 40 * kernel.models.length,
    marginLeft: 130,
    marginBottom: 44,
    x: { label: 'slower than the best by (%) →', labelOffset: LABEL_OFFSET, grid: true, zero: true },
    y: { label: null, domain: kernel.models.map(({ backend }) => label(backend)) },
    color: {
      legend: true,
      domain: ['measured shapes', 'held-out shapes'],
      range: [COLOURS.measured, COLOURS.heldOut],
    },
    marks: [
      Plot.ruleX([0]),
      Plot.dot(dots, {
        y: 'backend',
        x: 'percent',
        fill: 'name',
        r: (dot: { name: string }) => (dot.name === 'measured shapes' ? 4 : 7),
      }),
    ],
    r: { type: 'identity' },
  })
}

function quantileOf(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor((sorted.length - 1) * share)] ?? 1
}
