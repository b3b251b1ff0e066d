/**
 * How near to the best config of recorded spaces does a search come, after how many evaluations? Every space
 * of a folder (`*.csv` or `*.csv.gz`, see `replaySpace`): medians over seeds of the best time found ÷ the
 * best time there is; over all spaces their geometric mean. With `--warm` an LFBO search knows what another
 * GPU took for the same kernel, whose name in a file ends at the first hyphen: a row for each two GPUs.
 * With `--ahead` as many configs are chosen before they are measured as on a GPU that builds them meanwhile.
 * Usage: npx tsx benchmarks/search_quality.ts <folder> [search] [effort] [seeds] [part of a name] [--warm]
 *   [--ahead]
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { AHEAD } from '../src/autotuner/trial/program_benchmarker.ts'
import { LFBOPatternSearch, LFBOTreeSearch, type RecordedSpace, replaySpace } from '../src/index.ts'
import { geomean, median } from '../src/support/maths.ts'
import type { Effort } from '../src/support/settings.ts'

const LEARNING = { LFBOTreeSearch, LFBOPatternSearch }

const isWarm = process.argv.includes('--warm')
const ahead = process.argv.includes('--ahead') ? AHEAD : 0
const MARKS = isWarm ? [5, 10, 25] : [25, 50, 100, 200]
const [folder = '', search = 'LFBOTreeSearch', effort = 'full', seeds = '20', part = ''] = process.argv
  .slice(2)
  .filter((arg) => !['--warm', '--ahead'].includes(arg))
const names = readdirSync(folder)
  .filter((file) => /\.csv(\.gz)?$/.test(file))
  .map((file) => ({ file, name: file.replace(/\.csv(\.gz)?$/, '') }))

/** A space, and what is known beforehand. */
interface Case {
  readonly name: string
  readonly space: RecordedSpace
  readonly elsewhere?: RecordedSpace
}

function* cases(): Generator<Case> {
  const open = (file: string) => replaySpace(readFileSync(join(folder, file)))
  const kernelOf = (name: string) => name.slice(0, name.indexOf('-'))
  for (const { file, name } of names.filter((one) => one.name.includes(part))) {
    const others = names.filter((one) => one.name !== name && kernelOf(one.name) === kernelOf(name))
    if (!isWarm) yield { name, space: open(file) }
    else
      for (const other of others)
        yield { name: `${name} knows ${other.name}`, space: open(file), elsewhere: open(other.file) }
  }
}

/** Best found ÷ best there is after each mark; of a search that ended before one, what it ended with. */
function regrets({ evaluated, best }: RecordedSpace): readonly number[] {
  return MARKS.map((mark) => Math.min(...evaluated.slice(0, mark).map(({ ms }) => ms)) / best.ms)
}

async function medians({ space, elsewhere }: Case): Promise<readonly number[]> {
  const runs: (readonly number[])[] = []
  for (let seed = 1; seed <= Number(seeds); seed++) {
    const settings = { autotuner: search, autotuneEffort: effort as Effort, autotuneRandomSeed: 1000 * seed }
    const options = elsewhere ? { search: taught(space, elsewhere) } : {}
    await space.autotune([], options, { evaluations: MARKS.at(-1) ?? 0, settings, ahead })
    runs.push(regrets(space))
  }
  return MARKS.map((_, index) => median(runs.map((run) => run[index] ?? Number.NaN)))
}

function taught(space: RecordedSpace, { recorded }: RecordedSpace): LFBOPatternSearch {
  const made = new LEARNING[search as keyof typeof LEARNING](space, [])
  made.seedTrainingData(recorded)
  return made
}

const row = (name: string, values: readonly (number | string)[]) =>
  console.log(`| ${[name, ...values.map((v) => (typeof v === 'number' ? v.toFixed(3) : v))].join(' | ')} |`)

console.log(`${search}, effort ${effort}, ${ahead} chosen ahead, medians of ${seeds} seeds`)
row('space', MARKS.map(String))
row(
  '---',
  MARKS.map(() => '---'),
)
const start = process.cpuUsage()
const all: (readonly number[])[] = []
for (const one of cases()) {
  all.push(await medians(one))
  row(one.name, all.at(-1) ?? [])
}
row(
  'all',
  MARKS.map((_, index) => geomean(all.map((values) => values[index] ?? Number.NaN))),
)
const { user } = process.cpuUsage(start)
console.log(`processor time: ${(user / 1e6).toFixed(0)} s`)
