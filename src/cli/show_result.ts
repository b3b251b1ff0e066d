/** What a run says at its end: a table of kernels for people, or the same as JSON. */
import { relative } from 'node:path'
import type { KernelVerdict, Run } from './run.ts'
import { table } from './table.ts'
import { scoreNumbers } from './write_evaluation.ts'

export function showResult(run: Run, exitCode: number): void {
  const { console, flags, plan, files } = run
  if (flags.json) {
    const { runId: run_id, folder, phases } = plan
    const kernels = (run.verdicts ?? []).map((verdict) => kernelJson(run, verdict))
    const result = {
      exit_code: exitCode,
      run_id,
      folder,
      hardware_id: files.hardwareId,
      phases,
      kernels,
      files,
    }
    console.out(JSON.stringify({ ...result, modules: run.built?.written?.modules ?? [] }, null, 2))
    return
  }
  if (run.verdicts && run.verdicts.length > 0) console.out(resultTable(run, run.verdicts))
  for (const line of closingLines(run)) console.say(line)
}

function resultTable(run: Run, verdicts: readonly KernelVerdict[]): string {
  const head = ['kernel', 'shapes', 'configs', 'vs best', 'worst', 'held out', 'vs default', 'module']
  const rows = verdicts.map(({ kernel, score, heldOut, module }) => [
    kernel,
    String(score.shapes),
    String(configsKept(run, kernel) ?? '–'),
    factor(score.statistics.geomean),
    factor(score.statistics.forbidden > 0 ? undefined : score.statistics.worst),
    factor(heldOut?.statistics.geomean),
    factor(score.overDefault?.geomean),
    relative(process.cwd(), module),
  ])
  return table(head, rows)
}

function closingLines({ files, built, console: { colors } }: Run): readonly string[] {
  return [
    colors.dim(
      'vs best, vs default: time of the chosen config over that time, geometric mean; held out: on shapes',
    ),
    colors.dim('that the module was not made from.'),
    `records, logs and summaries: ${files.folder}`,
    ...(built?.written ? [`report: ${built.written.report}`] : []),
  ]
}

function kernelJson(run: Run, { kernel, module, score, heldOut, used, doubts }: KernelVerdict): unknown {
  return {
    kernel,
    module,
    shapes: score.shapes,
    configs: configsKept(run, kernel) ?? null,
    emitted: scoreNumbers(score),
    held_out: heldOut ? scoreNumbers(heldOut) : null,
    used_in_program: { shapes: used, doubts },
  }
}

function configsKept({ built }: Run, kernel: string): number | undefined {
  return built?.result.kernels.find((each) => each.kernel === kernel)?.decision.configs.length
}

function factor(value: number | undefined): string {
  return value === undefined ? '–' : `${value.toFixed(2)}x`
}
