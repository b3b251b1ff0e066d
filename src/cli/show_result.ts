/** What a run says at its end: a table of kernels for people, or the same as JSON. */
import { relative } from 'node:path'
import { furtherText, TOO_FEW_HELD_OUT } from '../aot/evaluate/decide/statistics.ts'
import type { ModuleScore } from '../aot/verdict/score_module.ts'
import type { KernelVerdict, Run } from './run.ts'
import { table } from './table.ts'
import { scoreNumbers } from './write_evaluation.ts'

export function showResult(run: Run, exitCode: number): void {
  const { console, flags, verdicts = [] } = run
  if (flags.json) {
    console.out(JSON.stringify(resultJson(run, exitCode), null, 2))
    return
  }
  if (verdicts.length > 0) {
    console.out(`\n${resultTable(verdicts)}`)
    const isOpen = verdicts.some(({ heldOut }) => heldOut === null)
    const lines = [
      ...LEGEND,
      ...(isOpen ? [`held out –: ${TOO_FEW_HELD_OUT}.`] : []),
      ...verdicts.flatMap(({ kernel, score: { further } }) =>
        further ? [`${kernel}: ${furtherText(further)}.`] : [],
      ),
    ]
    for (const line of lines) console.say(console.colors.dim(line))
  }
  const modules = modulesOf(run)
  if (modules.length > 0)
    console.out(['', 'modules:', ...modules.map((path) => `  ${shown(path)}`)].join('\n'))
  const { report, failed = [] } = run.built?.written ?? {}
  if (report !== undefined && failed.every(({ path }) => path !== report))
    console.say(`report: ${shown(report)}`)
  console.say(`records, logs, summaries: ${shown(run.files.folder)}`)
}

/** For programs: where and why a run stopped. People are told by a message. */
export function showStop(run: Run, exitCode: number, phase: string, reason: string): void {
  if (!run.flags.json) return
  run.console.out(JSON.stringify({ ...resultJson(run, exitCode), stopped: { phase, reason } }, null, 2))
}

const LEGEND = [
  'vs best, vs default: time with the module over the time of the best and of the default config, geometric',
  'mean, below 1 is faster; worst: of one shape; held out: vs best on shapes that were left out when the',
  'module was made on trial from the others, as it says itself.',
]

function modulesOf({ built, verdicts = [] }: Run): readonly string[] {
  return built?.written?.modules ?? verdicts.map(({ module }) => module)
}

/** From where the user is, unless that is longer. */
function shown(path: string): string {
  const short = relative(process.cwd(), path)
  return short.startsWith('..') || short === '' ? path : short
}

function resultTable(verdicts: readonly KernelVerdict[]): string {
  const head = ['kernel', 'shapes', 'configs kept', 'vs best', 'worst', 'held out', 'vs default']
  const rows = verdicts.map(({ kernel, score, heldOut }) => [
    kernel,
    shapesOf(score),
    String(score.configs),
    factor(score.statistics.geomean),
    factor(score.statistics.forbidden > 0 ? undefined : score.statistics.worst),
    factor(heldOut?.geomean),
    factor(score.overDefault?.geomean),
  ])
  return table(head, rows)
}

/** `4 + 3`: three further ones, which the figures leave out. */
function shapesOf({ shapes, further }: ModuleScore): string {
  return further ? `${shapes - further.shapes} + ${further.shapes}` : String(shapes)
}

function resultJson(run: Run, exitCode: number): Record<string, unknown> {
  const { plan, files, verdicts = [] } = run
  return {
    exit_code: exitCode,
    run_id: plan.runId,
    folder: plan.folder,
    hardware_id: files.hardwareId,
    phases: plan.phases,
    kernels: verdicts.map(kernelJson),
    modules: modulesOf(run),
    report: run.built?.written?.report ?? null,
    files: {
      records: files.records,
      tuned_configs: files.tunedConfigs,
      measurements: files.measurements,
      heuristic_summary: files.summary,
      evaluation: files.evaluation,
      run_metadata: files.metadata,
    },
  }
}

function kernelJson({ kernel, module, score, heldOut, used, doubts }: KernelVerdict): unknown {
  return {
    kernel,
    module,
    shapes: score.shapes,
    configs: score.configs,
    emitted: scoreNumbers(score),
    held_out: heldOut && {
      geomean_slowdown: heldOut.geomean,
      p95_slowdown: heldOut.p95,
      max_slowdown: heldOut.worst,
    },
    used_in_program: { shapes: used, doubts },
  }
}

function factor(value: number | undefined): string {
  return value === undefined ? '–' : `${value.toFixed(2)}x`
}
