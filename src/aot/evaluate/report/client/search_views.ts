/** The part of a kernel's section that tells of its searches: pictures, failures, effects of fields. */
import * as Plot from '@observablehq/plot'
import type { FieldEffect, SearchReport, ShapeSearch } from '../search_report.ts'
import { element, table, text } from './elements.ts'
import { choiceColour } from './tree_picture.ts'

/** Shapes that have a colour and a name beside the picture; of more, names show under the pointer. */
const MOST_NAMED = 6

/** Best so far over what the search took, one line per shape; `over` is the horizontal axis. */
export function convergencePlot({ shapes }: SearchReport, over: 'trial' | 'seconds'): Node {
  const named = shapes.length <= MOST_NAMED
  const names = shapes.map(({ shape }, index) => `${index + 1}: ${shape}`)
  const points = shapes.flatMap(({ steps, bestMs }, index) =>
    steps.map((step) => ({
      name: names[index] ?? '',
      at: Math.max(step[over], over === 'trial' ? 1 : 0.01),
      ratio: step.ms / bestMs,
      title: `${names[index]}\n${time(step.ms)} after ${step.trial} trials, ${step.seconds.toFixed(1)} s`,
    })),
  )
  return Plot.plot({
    style: { fontSize: '12px', background: 'transparent' },
    width: 540,
    height: 310,
    marginLeft: 52,
    marginBottom: 44,
    x: {
      type: 'log',
      label: over === 'trial' ? 'trials →' : 'seconds →',
      labelOffset: 38,
      ticks: 6,
      tickFormat: (value: number) => String(Number(value.toPrecision(3))),
    },
    y: {
      type: 'log',
      grid: true,
      label: '↑ best so far, over the best found',
      ticks: 6,
      tickFormat: (value: number) => `${Number(value.toFixed(2))}×`,
    },
    color: { legend: false, domain: names, range: names.map((_, index) => choiceColour(index)) },
    marks: [
      Plot.ruleY([1]),
      Plot.line(points, {
        x: 'at',
        y: 'ratio',
        z: 'name',
        stroke: 'name',
        strokeWidth: named ? 2 : 1.2,
        strokeOpacity: named ? 1 : 0.6,
        curve: 'step-after',
      }),
      Plot.dot(points, { x: 'at', y: 'ratio', fill: 'name', r: 2.5, title: 'title' }),
    ],
  })
}

/** Each search in a line, with absolute times. */
export function searchTable({ shapes }: SearchReport): Node {
  return table(
    ['', 'shape', 'best from', 'default', 'best', 'gain', 'trials', 'within 5 % after', 'failed', 'time'],
    shapes.map((one, index) => [
      element('span', { class: 'swatch', style: `background:${choiceColour(index)}` }),
      `${index + 1}: ${one.shape}`,
      one.origin,
      one.defaultMs === null ? '–' : time(one.defaultMs),
      time(one.bestMs),
      gain(one),
      String(one.trials),
      String(one.trialsToNear),
      String(one.failed),
      `${one.seconds.toFixed(1)} s`,
    ]),
    7,
  )
}

export function failureTable({ failures }: SearchReport): Node {
  if (failures.length === 0) return text('Nothing failed.')
  const rows = failures.map(({ status, reason, count }) => [status, reason, String(count)])
  return table(['status', 'reason', 'trials'], rows, 1)
}

export function fieldTable({ fields }: SearchReport): Node {
  if (fields.length === 0) return text('No two trials differ in one field alone.')
  return table(
    ['field', 'values: median over the fastest of a group', 'most', 'groups', 'effect'],
    fields.map((one) => [
      element('code', {}, one.field),
      valuesOf(one),
      `${time(one.fastestMs)} → ${time(one.slowestMs)}`,
      String(one.groups),
      `${one.effect.toFixed(2)}×`,
    ]),
    3,
  )
}

/** The longest bar, for values that take this many times as long or more. */
const LONGEST = 2

function valuesOf({ values }: FieldEffect): Node {
  return element(
    'div',
    { class: 'values' },
    ...values.map(({ value, ratio, groups }) => {
      const share = Math.min(1, (ratio - 1) / (LONGEST - 1))
      return element(
        'div',
        { title: `${groups} groups` },
        element('code', {}, value),
        element('span', { class: 'bar', style: `width:${(4 + 76 * share).toFixed(0)}px` }),
        `${ratio.toFixed(2)}×`,
      )
    }),
  )
}

function gain({ defaultMs, bestMs }: ShapeSearch): string {
  return defaultMs === null ? '–' : `${(defaultMs / bestMs).toFixed(2)}×`
}

/** Three digits and a fitting unit. */
function time(ms: number): string {
  return ms >= 1 ? `${ms.toPrecision(3)} ms` : `${(ms * 1000).toPrecision(3)} µs`
}
