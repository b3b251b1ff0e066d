/**
 * A whole run: name the device, take the run folder, do the phases one after another, say what came of it.
 * Stops at the first phase that fails; everything done until then is in the folder and is not done again.
 */
import { existsSync } from 'node:fs'
import { acquireLock } from '../aot/run/lock.ts'
import { hardwareIdsIn, runFiles } from '../aot/run/run_folder.ts'
import { beginEntry } from '../aot/run/run_metadata.ts'
import { webgpuVersion } from '../runtime/adapter/webgpu_version.ts'
import { EXIT, UsageError } from '../support/errors.ts'
import { makeFolder } from '../support/files.ts'
import { packageVersion } from '../support/package_version.ts'
import type { Invocation, Phase } from './arguments.ts'
import { buildOptions } from './build_flags.ts'
import type { Console } from './console.ts'
import { checkProgram } from './find_program.ts'
import { Interrupts } from './interrupts.ts'
import { nameDevice } from './name_device.ts'
import { buildPhase } from './phases/build_phase.ts'
import { evaluatePhase } from './phases/evaluate_phase.ts'
import { childPhase } from './phases/work_phase.ts'
import { exitCodeOf, report } from './report.ts'
import type { PhaseResult, Run } from './run.ts'
import { planRun, type RunPlan, resumeCommand } from './run_plan.ts'
import { showResult, showStop } from './show_result.ts'

const PHASE_WORK: Readonly<Record<Phase, (run: Run) => Promise<PhaseResult>>> = {
  collect: (run) => childPhase(run, 'collect'),
  measure: (run) => childPhase(run, 'measure'),
  build: buildPhase,
  evaluate: evaluatePhase,
}

/** The exit code. Throws UsageError, AdapterError and DataError before the first phase. */
export async function runWorkflow(
  { flags, command, typed }: Pick<Extract<Invocation, { kind: 'run' }>, 'flags' | 'command' | 'typed'>,
  console: Console,
  entry?: string,
): Promise<number> {
  const environment = { ...process.env }
  const plan = planRun(flags, command, typed)
  buildOptions(flags, [])
  if (plan.phases.some((phase) => phase !== 'build')) checkProgram(plan.command[0] ?? '')
  const hardwareId = await nameHardware(plan, entry)
  makeFolder(plan.folder)
  const lock = await acquireLock(runFiles(plan.folder, hardwareId).metadata, {
    what: `the run ${plan.runId}`,
    waitMs: 0,
    onWait: (owner) => console.say(`helion-aot: waiting for ${owner}, which seems to work on the same run`),
  })
  const interrupts = new Interrupts()
  try {
    const files = runFiles(plan.folder, hardwareId)
    console.say(
      `helion-aot: run ${plan.runId}${plan.resumed ? ' (resumed)' : ''} on ${hardwareId}, in ${plan.folder}`,
    )
    return await recorded({ plan, flags, files, console, interrupts, environment })
  } finally {
    interrupts.release()
    await lock.release()
  }
}

async function doPhases(run: Run): Promise<number> {
  let partial = false
  let goalMissed = false
  for (const phase of run.plan.phases) {
    run.console.say(`helion-aot: ${run.console.colors.bold(phase)}`)
    const result = await PHASE_WORK[phase](run)
    const stopped = run.interrupts.exitCode
    if (stopped !== undefined) return interrupted(run, phase, stopped)
    if (result.failed !== undefined) return failed(run, phase, result.failed)
    partial ||= result.partial ?? false
    goalMissed ||= result.goalMissed ?? false
  }
  const exitCode = partial ? EXIT.partial : goalMissed ? EXIT.goalMissed : EXIT.done
  showResult(run, exitCode)
  return exitCode
}

/** With an entry in the metadata, whatever happens: it tells the exit code that the user sees. */
async function recorded(run: Run): Promise<number> {
  const { plan, flags, files, console } = run
  const finish = beginEntry(files.metadata, plan.runId, {
    started_at: new Date().toISOString(),
    phases: plan.phases,
    hardware_id: files.hardwareId,
    benchmark_cmd: plan.command,
    options: { ...flags },
    versions: {
      'helion-aot': packageVersion(),
      webgpu: webgpuVersion().replace(/^webgpu /, ''),
      node: process.versions.node,
    },
  })
  const end = (exitCode: number): void => {
    try {
      finish({ completed_at: new Date().toISOString(), success: exitCode === EXIT.done, exit_code: exitCode })
    } catch (error) {
      report(error, console)
    }
  }
  try {
    const exitCode = await console.settled(await doPhases(run))
    end(exitCode)
    return exitCode
  } catch (error) {
    end(exitCodeOf(error))
    throw error
  }
}

/** Of the device that kernels will run on; a build alone goes by the records, on any machine. */
async function nameHardware({ phases, folder }: RunPlan, entry: string | undefined): Promise<string> {
  if (phases.some((phase) => phase !== 'build')) return await nameDevice(entry)
  const recorded = hardwareIdsIn(folder)
  const [only] = recorded
  if (only !== undefined && recorded.length === 1) return only
  throw new UsageError(
    recorded.length === 0
      ? `the run ${folder} has no records to build from`
      : `the run ${folder} has records of several devices: ${recorded.join(', ')}`,
    { remedy: 'Name the records: npx helion-aot build --measurements <run folder>/records_<device>.jsonl' },
  )
}

function interrupted(run: Run, phase: Phase, exitCode: number): number {
  const { console, plan } = run
  console.say(`helion-aot: interrupted in the phase ${phase}; what was recorded is kept. To go on:`)
  console.say(`  ${resumeCommand(plan)}`)
  showStop(run, exitCode, phase, 'interrupted')
  return exitCode
}

function failed(run: Run, phase: Phase, reason: string): number {
  const { console, plan } = run
  console.say(`${console.colors.red('helion-aot:')} the phase ${phase} failed: ${reason}`)
  const next = existsSync(run.files.folder) ? 'What was recorded is kept. To go on:' : 'To begin again:'
  console.say(`  ${next}\n  ${resumeCommand(plan)}`)
  showStop(run, EXIT.unexpected, phase, reason)
  return EXIT.unexpected
}
