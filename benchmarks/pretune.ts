/**
 * The whole job for the pretuned kernels: `helion-aot --effort quick` over the sweep of each, one after the
 * other, each in a run of its own below a folder; what is done is not done again. Modules are written beside
 * the kernels, and a table is printed. Needs a built package. Usage: npx tsx benchmarks/pretune.ts
 *   [--dir folder] [--budget 1] [--candidates 10] [--seconds 600] [--part 1/2] [--flags='…'] [kernel]
 * Seconds for the search of a call, configs measured on each, seconds in all, which part of the kernels (for
 * processes on several machines), flags of the command.
 */
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const FOLDER = join(ROOT, 'pretuned_kernels')
const TSX = join(ROOT, 'node_modules/tsx/dist/cli.mjs')
const COMMAND = join(ROOT, 'bin/helion-aot.js')
/** Goals missed and partial results have modules, too. */
const INTERRUPTED = 130
const CODES_WITH_MODULES = [0, 3, 5]
/** The part of the time that is for searches. */
const SEARCHING = 0.6

interface Row {
  readonly kernel: string
  readonly calls: number
  readonly kept: number
  /**
   * Time of the default config over the time with the module, and the times over the best: geometric means.
   */
  readonly speedup: number
  readonly overBest: number
  readonly heldOut: number
  /** Configs that searches tried. */
  readonly tried: number
  /** Of all calls of this program together. */
  readonly seconds: number
  readonly exitCode: number
  /** The time was over before all was searched and measured: to be gone on with. */
  readonly isCut?: boolean
}

interface Score {
  readonly geomean_slowdown: number
  readonly over_default: { readonly geomean: number } | null
}

/** What the command says with `--json`, as far as it is shown. */
interface Result {
  readonly exit_code: number
  readonly kernels: readonly {
    readonly shapes: number
    readonly configs: number
    readonly emitted: Score
    readonly held_out: Score | null
  }[]
  readonly files: { readonly records: string }
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    dir: { type: 'string', default: join(ROOT, '.helion_aot/pretuned') },
    budget: { type: 'string', default: '1' },
    candidates: { type: 'string', default: '10' },
    seconds: { type: 'string', default: 'Infinity' },
    part: { type: 'string', default: '1/1' },
    flags: { type: 'string', default: '--defaults' },
  },
})
const table = join(values.dir, 'table.json')
const end = performance.now() + Number(values.seconds) * 1000
const rows = new Map<string, Row>()
const spent = new Map<string, number>()
readTable()
for (const kernel of kernels()) {
  if (rows.has(kernel) && !rows.get(kernel)?.isCut) continue
  if (performance.now() >= end) break
  await tune(kernel)
}
print()

/** Those that were named, or this part of all. */
function kernels(): readonly string[] {
  const all = readdirSync(FOLDER).filter((name) => existsSync(join(FOLDER, name, `${name}.ts`)))
  const unknown = positionals.filter((name) => !all.includes(name))
  if (unknown.length > 0)
    throw new Error(`no kernel named ${unknown.join(', ')}; known are ${all.join(', ')}`)
  const [part = 1, parts = 1] = values.part.split('/').map(Number)
  return positionals.length > 0 ? positionals : all.filter((_, i) => i % parts === part - 1)
}

async function tune(kernel: string): Promise<void> {
  const begin = performance.now()
  const source = join(FOLDER, kernel, `${kernel}.ts`)
  const flags = [
    '--json',
    '--no-score-matrix',
    '--effort',
    'quick',
    ...values.flags.split(' ').filter(Boolean),
  ]
  const run = ['--output-dir', values.dir, '--run-id', kernel]
  const program = ['--', process.execPath, TSX, source]
  const { code, output, isCut } = await execute([COMMAND, ...flags, ...run], program)
  const seconds = (spent.get(kernel) ?? 0) + (performance.now() - begin) / 1000
  spent.set(kernel, seconds)
  const row = CODES_WITH_MODULES.includes(code) ? rowOf(kernel, output, seconds) : undefined
  if (row) rows.set(kernel, { ...row, ...(isCut && { isCut }) })
  console.log(
    row
      ? line(row) + (isCut ? ', the time was over' : '')
      : `${kernel.padEnd(18)} exit code ${code} after ${seconds.toFixed(0)} s in all`,
  )
  writeTable()
}

/**
 * The whole job. Where the seconds are few, searches have a part of them, so that some are left for measuring
 * what was found; a module of what was measured is made in any case.
 */
async function execute(command: readonly string[], program: readonly string[]): Promise<Ended> {
  const phase = (name: string, until: number): Promise<Ended> =>
    ended([...command, '--phase', name, ...program], until)
  if (!Number.isFinite(end)) return phase('all', end)
  const begin = performance.now()
  const parts = [await phase('collect', begin + SEARCHING * (end - begin)), await phase('measure', end)]
  const built = await phase('build', Number.POSITIVE_INFINITY)
  const hasModule = CODES_WITH_MODULES.includes(built.code)
  const result = hasModule ? await phase('evaluate', Number.POSITIVE_INFINITY) : built
  return { ...result, isCut: parts.some(({ code }) => code === INTERRUPTED) }
}

interface Ended {
  readonly code: number
  readonly output: string
  /** The time was over before all was searched and measured. */
  readonly isCut?: boolean
}

/** Runs Node, and asks it to stop when the time is over. */
function ended(args: readonly string[], until: number): Promise<Ended> {
  return new Promise((resolve) => {
    const env = {
      ...process.env,
      HELION_AUTOTUNE_BUDGET_SECONDS: values.budget,
      HELION_AOT_CANDIDATES: values.candidates,
    }
    const child = spawn(process.execPath, args, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'inherit'] })
    const left = until - performance.now()
    const timer = Number.isFinite(left) ? setTimeout(() => child.kill('SIGINT'), left) : undefined
    let output = ''
    child.stdout.on('data', (data) => (output += String(data)))
    child.on('close', (code) => {
      clearTimeout(timer)
      resolve({ code: code ?? 130, output })
    })
  })
}

function rowOf(kernel: string, output: string, seconds: number): Row | undefined {
  const { exit_code, kernels, files } = JSON.parse(output) as Result
  const [about] = kernels
  if (!about) return undefined
  const { emitted, held_out } = about
  return {
    kernel,
    calls: about.shapes,
    kept: about.configs,
    speedup: 1 / (emitted.over_default?.geomean ?? Number.NaN),
    overBest: emitted.geomean_slowdown,
    heldOut: held_out?.geomean_slowdown ?? Number.NaN,
    tried: readFileSync(files.records, 'utf8').split('"event":"trial"').length - 1,
    seconds,
    exitCode: exit_code,
  }
}

function readTable(): void {
  if (!existsSync(table)) return
  const kept = JSON.parse(readFileSync(table, 'utf8')) as { rows: Row[]; spent: [string, number][] }
  for (const row of kept.rows) rows.set(row.kernel, row)
  for (const [kernel, seconds] of kept.spent) spent.set(kernel, seconds)
}

function writeTable(): void {
  mkdirSync(dirname(table), { recursive: true })
  writeFileSync(table, JSON.stringify({ rows: [...rows.values()], spent: [...spent] }, null, 1))
}

function print(): void {
  const head = ['kernel', 'calls', 'kept', 'default ÷ tuned', 'vs best', 'held out', 'tried', 'seconds']
  console.log(
    `\n| ${head.join(' | ')} |\n|---|${head
      .slice(1)
      .map(() => '---:|')
      .join('')}`,
  )
  const sorted = [...rows.values()].sort((a, b) => a.kernel.localeCompare(b.kernel))
  for (const row of sorted) console.log(`| ${cells(row).join(' | ')} |`)
  console.log(`\nruns below ${relative(process.cwd(), values.dir) || '.'}`)
}

function line(row: Row): string {
  const [name = '', ...numbers] = cells(row)
  return `${name.padEnd(18)}${numbers.map((text) => text.padStart(9)).join('')}  exit code ${row.exitCode}`
}

function cells({ kernel, calls, kept, speedup, overBest, heldOut, tried, seconds }: Row): readonly string[] {
  const factors = [speedup, overBest, heldOut].map((factor) => factor?.toFixed(2) ?? '–')
  return [kernel, String(calls), String(kept), ...factors, String(tried), seconds.toFixed(0)]
}
