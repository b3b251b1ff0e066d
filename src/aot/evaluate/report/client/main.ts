/** Runs in the report's page: reads the inlined data and fills the page with cards, pictures and tables. */
import type { KernelReport, ReportData } from '../report_data.ts'
import type { SearchReport } from '../search_report.ts'
import { element, table, text } from './elements.ts'
import { curvePlot, heatPlot, modelPlot, regretPlot } from './plots.ts'
import { convergencePlot, failureTable, fieldTable, searchTable } from './search_views.ts'
import { choiceColour, treePicture } from './tree_picture.ts'

const root = document.getElementById('report')
const source = document.getElementById('data')
if (root && source) root.replaceChildren(...page(JSON.parse(source.textContent ?? '') as ReportData))

function page(data: ReportData): Node[] {
  return [
    element('h1', {}, data.title),
    element(
      'p',
      { class: 'facts' },
      ...data.facts.flatMap(([name, value]) => [`${name} `, element('b', {}, value), ' · ']).slice(0, -1),
    ),
    element(
      'p',
      { class: 'note' },
      'Regret is the time of the chosen config over the time of the fastest measured one: 1.00 is perfect. ' +
        'Held-out numbers are for shapes that were left out when choosing configs and learning, again and ' +
        'again until every shape had its turn.',
    ),
    ...data.kernels.flatMap(section),
    ...(data.problems.length > 0 ? [problems(data.problems)] : []),
  ]
}

function section(kernel: KernelReport): Node[] {
  return [
    element('h2', {}, kernel.kernel),
    cards(kernel),
    ...(kernel.unknown === null ? [] : [element('p', { class: 'note' }, `There were ${kernel.unknown}.`)]),
    ...kernel.warnings.map((warning) => element('p', { class: 'warning' }, warning)),
    element(
      'div',
      { class: 'grid' },
      panel(
        'How often how slow',
        'Share of shapes whose choice is at most this much slower than the best.',
        regretPlot(kernel),
      ),
      panel(
        'Configs kept against regret',
        'The best set of at most so many configs, with a perfect choice among them; dotted: kept.',
        curvePlot(kernel),
      ),
    ),
    panel(
      'Every shape and config',
      'Slowdown against the best config of the shape. Kept configs come first; a dot marks the choice, ' +
        'a cross a config that cannot run.',
      heatPlot(kernel),
      'wide',
    ),
    ...(kernel.tree
      ? [
          panel(
            'The decision',
            'True goes up, false goes down. Each end names its config, measured shapes and held-out regret.',
            treePicture(kernel.tree),
            'wide',
          ),
        ]
      : []),
    element(
      'div',
      { class: 'grid' },
      panel(
        'Models compared',
        'Geometric mean of the regret; the build used the marked one.',
        modelPlot(kernel),
      ),
      panel(
        'Worst shapes',
        'By the choice of the module, or by the worst choice when the shape was held out.',
        worstTable(kernel),
      ),
    ),
    panel('Kept configs', '', configTable(kernel), 'wide keys'),
    ...(kernel.searches ? searchSection(kernel.searches) : []),
    features(kernel),
  ]
}

function searchSection(searches: SearchReport): Node[] {
  return [
    element(
      'div',
      { class: 'grid' },
      panel(
        'How the searches went: trials',
        'Best time so far over the best that was found. A line for each shape, a dot each time it fell.',
        convergencePlot(searches, 'trial'),
      ),
      panel(
        'How the searches went: seconds',
        'The same over the time that the search had taken.',
        convergencePlot(searches, 'seconds'),
      ),
    ),
    panel('Searches', 'Times of one launch, as measured last.', searchTable(searches), 'wide'),
    panel(
      'What each config field does',
      'From trials that differ in one field alone. Effect: time of the slowest value over that of the ' +
        'fastest, the median of all such groups; most: the group where it is largest.',
      fieldTable(searches),
      'wide',
    ),
    panel(
      'What failed',
      'Configs that searches tried in vain; reasons that differ in numbers only are one.',
      failureTable(searches),
      'wide',
    ),
  ]
}

function cards({ training, further, heldOut, counts, goal, goalMet }: KernelReport): Node {
  const card = (value: string, label: string, mood = '') =>
    element(
      'div',
      { class: `card ${mood}` },
      element('div', { class: 'value' }, value),
      element('div', { class: 'label' }, label),
    )
  return element(
    'div',
    { class: 'cards' },
    ...(heldOut
      ? [
          card(factor(heldOut.geomean), 'held out, geometric mean'),
          card(factor(heldOut.p95), 'held out, 95th percentile'),
          card(factor(heldOut.worst), 'held out, worst'),
        ]
      : []),
    card(factor(training.geomean), 'measured shapes'),
    ...(further
      ? [
          card(
            `${factor(further.geomean)}, ${factor(further.worst)}`,
            `${further.shapes} further shapes, worst`,
          ),
        ]
      : []),
    ...(training.worseThanDefault === null
      ? []
      : [card(`${Math.round(training.worseThanDefault * 100)} %`, 'slower than the default')]),
    card(`${counts.kept} of ${counts.configs}`, 'configs kept'),
    card(String(counts.leaves), counts.leaves === 1 ? 'leaf' : 'leaves'),
    card(String(counts.shapes), 'shapes'),
    card(goalMet ? 'met' : 'missed', goal, goalMet ? 'good' : 'bad'),
  )
}

function panel(title: string, note: string, content: Node, extra = ''): HTMLElement {
  return element(
    'div',
    { class: `panel ${extra}` },
    element('h3', {}, title),
    ...(note ? [element('p', { class: 'note' }, note)] : []),
    content,
  )
}

function worstTable(kernel: KernelReport): Node {
  return table(
    ['shape', 'choice', 'best', 'slowdown', 'held out'],
    kernel.worst.map((row) => [row.shape, row.chosen, row.best, orDash(row.slowdown), orDash(row.heldOut)]),
    2,
  )
}

function configTable(kernel: KernelReport): Node {
  const rows = kernel.configs.map((config, index) => [
    element(
      'span',
      {},
      element('span', { class: 'swatch', style: `background:${choiceColour(index)}` }),
      `#${index}`,
    ),
    element('code', {}, config),
  ])
  return table(['', 'config'], rows, 0)
}

function features(kernel: KernelReport): Node {
  return element(
    'details',
    {},
    element('summary', {}, `Features: ${kernel.used.length} used, ${kernel.dropped.length} dropped`),
    element('p', {}, `Used: ${kernel.used.join(', ') || 'none'}`),
    table(
      ['dropped', 'why'],
      kernel.dropped.map(({ name, reason }) => [element('code', {}, name), reason]),
      0,
    ),
  )
}

function problems(lines: readonly string[]): Node {
  return element(
    'details',
    {},
    element('summary', {}, `${lines.length} lines of the input were left out`),
    ...lines.map((line) => element('div', {}, element('code', {}, line))),
  )
}

function orDash(value: number | null): Node {
  return text(value === null ? '–' : factor(value))
}

function factor(value: number): string {
  return `${value.toFixed(value < 10 ? 3 : 1)}×`
}
