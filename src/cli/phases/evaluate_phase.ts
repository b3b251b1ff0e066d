/**
 * Evaluate: the emitted modules are scored by their own text, on the shapes they were made from; then the
 * user's program runs as in production and must find and use them.
 */
import { existsSync, rmSync } from 'node:fs'
import { resolve } from 'node:path'
import { readModule } from '../../aot/evaluate/emit/read_module.ts'
import { inputFile } from '../../aot/evaluate/input/input_files.ts'
import { readSweeps } from '../../aot/evaluate/input/read_sweeps.ts'
import type { Sweep } from '../../aot/evaluate/input/sweep.ts'
import { modulePath } from '../../aot/evaluate/write_build.ts'
import type { AotRecord } from '../../aot/records.ts'
import { recordsOf } from '../../aot/run/derived_files.ts'
import { KnownRecords } from '../../aot/run/known_records.ts'
import type { ChoiceLine } from '../../aot/serve/choice_log.ts'
import { LEFT_OUT } from '../../aot/serve/left_out.ts'
import { proveUse, readTrace } from '../../aot/verdict/proof.ts'
import { scoreModule } from '../../aot/verdict/score_module.ts'
import { moduleFileName } from '../../heuristics/module_names.ts'
import { DataError } from '../../support/errors.ts'
import { readText } from '../../support/files.ts'
import { absentKernels, type KernelVerdict, type PhaseResult, type Run } from '../run.ts'
import { writeEvaluation } from '../write_evaluation.ts'
import { runProgram } from './work_phase.ts'

export async function evaluatePhase(run: Run): Promise<PhaseResult> {
  const { flags, files, console } = run
  if (flags.dumpCode) return {}
  const { sweeps, device } = readSweeps([inputFile(files.records)], { kernels: flags.kernel })
  const absent = absentKernels(
    run,
    sweeps.map(({ kernel }) => kernel),
  )
  if (absent !== undefined) return { failed: absent }
  rmSync(files.trace, { force: true })
  const env: Record<string, string> = { HELION_AOT_TRACE: files.trace }
  if (flags.outDir) env.HELION_HEURISTIC_DIR = resolve(flags.outDir)
  const leftOut = shapesLeftOut(recordsOf(files))
  if (leftOut.length > 0) env[LEFT_OUT] = leftOut.join()
  const failed = await runProgram(run, 'evaluate', env)
  if (failed !== undefined || run.interrupts.exitCode !== undefined)
    return { failed: failed?.reason ?? 'interrupted' }
  const trace = readTrace(files.trace)
  const judged = sweeps.map((sweep) => judge(run, sweep, device ?? '', trace))
  run.verdicts = judged.filter((verdict) => typeof verdict !== 'string')
  const missing = judged.filter((verdict) => typeof verdict === 'string')
  const doubts = [...missing, ...run.verdicts.flatMap((verdict) => verdict.doubts)]
  for (const doubt of doubts) console.say(`${console.colors.yellow('helion-aot:')} ${doubt}`)
  writeEvaluation(files.evaluation, run.verdicts)
  const uncovered = run.verdicts.some(({ score }) => score.covered < score.shapes)
  return { partial: uncovered || doubts.length > 0 }
}

/** Shapes on which nothing works and configs ended the program, each as `kernel shape_hash`. */
function shapesLeftOut(records: readonly AotRecord[]): readonly string[] {
  const known = new KnownRecords(records)
  return records.flatMap((record) => {
    if (record.event !== 'shape') return []
    const { kernel, shape_hash } = record
    const cells = [...known.measured(kernel, shape_hash).values()]
    const works = cells.some(({ status }) => status === 'ok')
    return !works && known.attempts.shapeOf(record).isLethal ? [`${kernel} ${shape_hash}`] : []
  })
}

/** The verdict on a kernel's module, or why there is none. */
function judge(run: Run, sweep: Sweep, device: string, trace: readonly ChoiceLine[]): KernelVerdict | string {
  const { flags, files } = run
  const { kernel } = sweep
  const place = { sourceFile: sweep.facts?.source_file, fileName: moduleFileName(kernel, device) }
  const path = resolve(modulePath(place, { outDir: flags.outDir, reportDir: files.folder }))
  if (!existsSync(path)) return `${kernel} has no module: ${path} does not exist`
  const text = readText(path)
  try {
    const module = readModule(text, kernel, path)
    const { shapes, doubts } = proveUse(trace, path, module, sweep)
    return {
      kernel,
      module: path,
      score: scoreModule(module, sweep),
      heldOut: module.meta.heldOut,
      used: shapes,
      doubts,
    }
  } catch (error) {
    if (error instanceof DataError) return error.message
    throw error
  }
}
