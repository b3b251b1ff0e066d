/** The decision tree as a picture: questions from left to right, one line per leaf. */
import type { ReportTree } from '../report_data.ts'
import { svg } from './elements.ts'

const PALETTE: readonly string[] = [
  '#4269d0',
  '#efb118',
  '#ff725c',
  '#6cc5b0',
  '#3ca951',
  '#ff8ab7',
  '#a463f2',
  '#97bbf5',
  '#9c6b4e',
  '#9498a0',
]

/** The colour of a config by its position; they repeat after ten. */
export function choiceColour(choice: number): string {
  return PALETTE[choice % PALETTE.length] ?? '#888'
}

const LINE = 26
const STEP = 58
const LEAF_WIDTH = 230
const QUESTION_WIDTH = 330

interface Drawing {
  readonly nodes: SVGElement[]
  nextLine: number
}

export function treePicture(tree: ReportTree): SVGElement {
  const drawing: Drawing = { nodes: [], nextLine: 0 }
  const levels = depthOf(tree)
  draw(tree, 0, levels, drawing)
  const width = levels * STEP + QUESTION_WIDTH + LEAF_WIDTH
  const height = drawing.nextLine * LINE + 8
  return svg(
    'svg',
    {
      viewBox: `0 0 ${width} ${height}`,
      width,
      height,
      'font-size': 12,
      'font-family': 'ui-monospace, Menlo, monospace',
    },
    ...drawing.nodes,
  )
}

/** Draws a subtree from the next free line on; returns the height of its root. */
function draw(tree: ReportTree, depth: number, levels: number, drawing: Drawing): number {
  const x = depth * STEP + 8
  if (!('question' in tree)) {
    const y = drawing.nextLine++ * LINE + LINE / 2
    const right = levels * STEP + QUESTION_WIDTH
    drawing.nodes.push(
      svg('line', {
        x1: x,
        y1: y,
        x2: right,
        y2: y,
        stroke: choiceColour(tree.choice),
        'stroke-width': 1.5,
        'stroke-opacity': 0.55,
      }),
      svg('circle', { cx: right + 8, cy: y, r: 7, fill: choiceColour(tree.choice) }),
      svg('text', { x: right + 22, y: y + 4, fill: 'currentColor' }, `#${tree.choice}  ${evidence(tree)}`),
    )
    return y
  }
  const top = draw(tree.low, depth + 1, levels, drawing)
  const line = drawing.nextLine++
  const y = line * LINE + LINE / 2
  const bottom = draw(tree.high, depth + 1, levels, drawing)
  const link = (to: number) =>
    svg('path', {
      d: `M${x + 6},${y} C${x + 6},${(y + to) / 2} ${x + 6},${to} ${x + STEP},${to}`,
      fill: 'none',
      stroke: 'currentColor',
      'stroke-opacity': 0.35,
    })
  drawing.nodes.push(
    link(top),
    link(bottom),
    svg('circle', { cx: x + 6, cy: y, r: 4, fill: 'currentColor' }),
    svg('text', { x: x + 18, y: y + 4, fill: 'currentColor' }, `${tree.question} ?`),
  )
  return y
}

function evidence({ shapes, heldOut }: Extract<ReportTree, { choice: number }>): string {
  if (shapes === 0) return 'between measured shapes'
  const seen = `${shapes} ${shapes === 1 ? 'shape' : 'shapes'}`
  return heldOut === null ? seen : `${seen}, held out ${heldOut.toFixed(3)}×`
}

function depthOf(tree: ReportTree): number {
  return 'question' in tree ? 1 + Math.max(depthOf(tree.low), depthOf(tree.high)) : 0
}
