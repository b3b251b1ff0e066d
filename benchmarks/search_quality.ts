/**
 * How near to the best config of recorded spaces does a search come, after how many evaluations? Every space
 * of a folder (`*.csv` or `*.csv.gz`, see `replaySpace`): medians over seeds of the best time found ÷ the
 * best time there is; over all spaces their geometric mean.
 * Usage: npx tsx benchmarks/search_quality.ts <folder> [search] [effort] [seeds] [part of a space's name]
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type RecordedSpace, replaySpace } from '../src/index.ts'
import { geomean, median } from '../src/support/maths.ts'
import type { Effort } from '../src/support/settings.ts'

const MARKS = [25, 50, 100, 200]

const [folder = '', search = 'LFBOTreeSearch', effort = 'full', seeds = '20', part = ''] =
  process.argv.slice(2)
const files = readdirSync(folder).filter((file) => /\.csv(\.gz)?$/.test(file) && file.includes(part))

/** Best found ÷ best there is after each mark; of a search that ended before one, what it ended with. */
function regrets({ evaluated, best }: RecordedSpace): readonly number[] {
  return MARKS.map((mark) => Math.min(...evaluated.slice(0, mark).map(({ ms }) => ms)) / best.ms)
}

async function medians(space: RecordedSpace): Promise<readonly number[]> {
  const runs: (readonly number[])[] = []
  for (let seed = 1; seed <= Number(seeds); seed++) {
    const settings = { autotuner: search, autotuneEffort: effort as Effort, autotuneRandomSeed: 1000 * seed }
    await space.autotune([], {}, { evaluations: MARKS.at(-1) ?? 0, settings })
    runs.push(regrets(space))
  }
  return MARKS.map((_, index) => median(runs.map((run) => run[index] ?? Number.NaN)))
}

const row = (name: string, values: readonly (number | string)[]) =>
  console.log(`| ${[name, ...values.map((v) => (typeof v === 'number' ? v.toFixed(3) : v))].join(' | ')} |`)

console.log(`${search}, effort ${effort}, medians of ${seeds} seeds`)
row('space', MARKS.map(String))
row(
  '---',
  MARKS.map(() => '---'),
)
const start = process.cpuUsage()
const all: (readonly number[])[] = []
for (const file of files) {
  const space = replaySpace(readFileSync(join(folder, file)))
  all.push(await medians(space))
  row(file.replace(/\.csv(\.gz)?$/, ''), all.at(-1) ?? [])
}
row(
  'all',
  MARKS.map((_, index) => geomean(all.map((values) => values[index] ?? Number.NaN))),
)
const { user } = process.cpuUsage(start)
console.log(`processor time: ${(user / 1e6).toFixed(0)} s`)
