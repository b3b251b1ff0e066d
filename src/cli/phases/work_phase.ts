/** Collect and measure: the user's program in that mode, then the derived files, then what went wrong. */
import { existsSync, rmSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import { shapeName } from '../../aot/evaluate/report/shape_name.ts'
import { modulePath, refusedPlace } from '../../aot/evaluate/write_build.ts'
import { PLAIN_KERNELS } from '../../aot/plain_services.ts'
import { recordsOf, writeDerivedFiles } from '../../aot/run/derived_files.ts'
import { KnownRecords } from '../../aot/run/known_records.ts'
import { RecordWriter } from '../../aot/run/record_writer.ts'
import { hardwareIdsIn, type WorkPhase } from '../../aot/run/run_folder.ts'
import { RUNNER_PID } from '../../aot/run/session.ts'
import { LIFE_FILE } from '../../aot/run/sign_of_life.ts'
import { STATUS_FILE } from '../../aot/run/status_file.ts'
import { DEVICE_LOST, type EndedRecord } from '../../aot/trial_records.ts'
import { moduleFileName } from '../../heuristics/module_names.ts'
import { EXIT } from '../../support/errors.ts'
import { readText } from '../../support/files.ts'
import { type ChildEnd, runChild } from '../child.ts'
import { followStatus } from '../follow_status.ts'
import { UNSETTLED } from '../node_exit.ts'
import type { PhaseResult, Run } from '../run.ts'

export async function childPhase(run: Run, phase: 'collect' | 'measure'): Promise<PhaseResult> {
  const failure = await runToTheEnd(run, phase)
  if (!existsSync(run.files.folder))
    return { failed: `the folder of the run was removed under it: ${run.files.folder}` }
  const plain = takePlainKernels(run)
  writeDerivedFiles(run.files)
  if (failure !== undefined) return { failed: failure }
  const known = new KnownRecords(recordsOf(run.files))
  const missing = missingKernels(run, known, plain)
  if (missing !== undefined) return { failed: missing }
  const misplaced = phase === 'collect' ? misplacedModule(run, known) : undefined
  if (misplaced !== undefined) return { failed: misplaced }
  const failures = known.kernels
    .flatMap((kernel) => known.failures(kernel))
    .filter((each) => each.phase === phase)
  for (const { kernel, shape_features, reason } of failures)
    run.console.say(`helion-aot: ${kernel} ${shapeName(shape_features)}: failed: ${reason}`)
  return { partial: failures.length > 0 }
}

/**
 * Runs the user's program, and again where it left off when the GPU device was lost or a config ended it, as
 * long as each time something new is recorded; why it failed, if it did.
 */
async function runToTheEnd(run: Run, phase: 'collect' | 'measure'): Promise<string | undefined> {
  for (;;) {
    const before = recordsOf(run.files).length
    const failure = await runProgram(run, phase, { [PLAIN_KERNELS]: plainKernelsFile(run) })
    if (!failure || run.interrupts.exitCode !== undefined) return failure?.reason
    const blamed = blamesConfigs(run, failure)
    const fresh = recordsOf(run.files).slice(before)
    const isLoss =
      failure.isLoss || fresh.some((record) => record.event === 'ended' && record.how === DEVICE_LOST)
    if (!blamed && !(isLoss && fresh.some(({ event }) => event !== 'ended'))) return failure.reason
    const what = blamed ? `a config may have ended the program (${failure.how})` : 'the GPU device was lost'
    run.console.say(`helion-aot: ${what}; the phase ${phase} goes on with what is left`)
  }
}

/**
 * Whether a program that had no time to say so ended while configs were tried. That is recorded, so that the
 * next start tries them alone, or not at all.
 */
function blamesConfigs({ files }: Run, { how, cause }: ProgramFailure): boolean {
  if (!new KnownRecords(recordsOf(files)).attempts.underWay) return false
  const writer = new RecordWriter(files.records)
  writer.append({ event: 'ended', how, cause })
  writer.close()
  return cause !== 'other'
}

/** How a program ended that did not end well. */
export interface ProgramFailure {
  /** In short: `SIGSEGV`, `exit code 1`. */
  readonly how: string
  readonly cause: EndedRecord['cause']
  /** It was over with the GPU device, through no fault of the program. */
  readonly isLoss: boolean
  readonly reason: string
}

/** Runs the user's program in a mode; how that failed, if it did. */
export async function runProgram(
  { plan, flags, files, console, interrupts, environment }: Run,
  phase: WorkPhase,
  env: Readonly<Record<string, string>>,
): Promise<ProgramFailure | undefined> {
  const statusFile = `${files.log(phase)}.status`
  const lifeFile = `${files.log(phase)}.life`
  const status = followStatus(statusFile, console)
  let early: string | undefined
  const end = await runChild(
    {
      phase,
      command: plan.command,
      environment,
      logFile: files.log(phase),
      lifeFile,
      env: {
        HELION_AOT_MODE: phase,
        HELION_AOT_DATA_DIR: files.folder,
        [RUNNER_PID]: String(process.pid),
        [STATUS_FILE]: statusFile,
        [LIFE_FILE]: lifeFile,
        ...(flags.kernel.length > 0 ? { HELION_AOT_KERNELS: flags.kernel.join(',') } : {}),
        ...(flags.effort ? { HELION_AUTOTUNE_EFFORT: flags.effort } : {}),
        ...(flags.densify === undefined ? {} : { HELION_AOT_DENSIFY: String(flags.densify) }),
        ...(flags.verbose ? { HELION_AOT_VERBOSE: '1' } : {}),
        ...env,
      },
    },
    console,
    interrupts,
  ).finally(() => {
    early = status()
  })
  return failureOf(end, { command: plan.command.join(' '), log: files.log(phase), early })
}

/** `early`: why the program left its work undone, as it says itself. */
function failureOf(
  end: ChildEnd,
  {
    command,
    log,
    early,
  }: { readonly command: string; readonly log: string; readonly early: string | undefined },
): ProgramFailure | undefined {
  const { exitCode, silentSeconds } = end
  if (exitCode === 0) return undefined
  if (silentSeconds !== undefined) {
    const how = `no sign of life for ${silentSeconds} s`
    return {
      isLoss: true,
      reason: `\`${command}\` gave ${how}; its output is in ${log}`,
      how,
      cause: 'crash',
    }
  }
  const isLoss = exitCode === EXIT.noAdapter
  const signal = signalOf(end)
  const how = signal ?? `exit code ${exitCode}`
  const ended = end.signal === undefined ? `ended with exit code ${exitCode}` : `was ended by ${signal}`
  if (early !== undefined) {
    return { isLoss, reason: `\`${command}\`: ${early}`, how: 'early exit', cause: 'other' }
  }
  const why = exitCode === UNSETTLED ? ', which is that of an `await` that nothing ends' : ''
  const reason = `\`${command}\` ${ended}${why}; its output is in ${log}`
  const cause = signal === undefined ? 'other' : CRASHES.has(signal) ? 'crash' : 'unknown'
  return { isLoss, reason, how, cause }
}

/** Signals by which a broken process ends; others come from outside. */
const CRASHES: ReadonlySet<string> = new Set([
  'SIGABRT',
  'SIGBUS',
  'SIGFPE',
  'SIGILL',
  'SIGSEGV',
  'SIGTRAP',
  'SIGSYS',
])

/** The signal that ended a program; shells and npx tell it by an exit code. */
function signalOf({ exitCode, signal }: ChildEnd): string | undefined {
  if (signal !== undefined) return signal
  const number = (exitCode ?? 0) - 128
  return Object.entries(constants.signals).find((entry) => entry[1] === number)?.[0]
}

/** Kernels that should have been seen in the program. */
function missingKernels(
  { plan, flags, files }: Run,
  known: KnownRecords,
  plain: readonly string[],
): string | undefined {
  const absent = flags.kernel.filter((name) => !known.kernels.includes(name))
  if (absent.length > 0)
    return `\`${plan.command.join(' ')}\` never called ${absent.join(', ')}, which --kernel names`
  if (known.kernels.length > 0) return undefined
  const others = hardwareIdsIn(plan.folder).filter((id) => id !== files.hardwareId)
  const elsewhere = others.length > 0 ? `; there are records of ${others.join(', ')}` : ''
  const command = plan.command.join(' ')
  const made = plain.length === 0 ? '' : `; made with kernel, and called: ${plain.join(', ')}`
  return `\`${command}\` called no kernel made with aotKernel that leaves a config open${made}${elsewhere}`
}

/** Where kernels that take no part tell their names while a phase runs. */
function plainKernelsFile({ files }: Run): string {
  return join(files.folder, '.plain_kernels')
}

/** Names of kernels made with `kernel` that the program called. */
function takePlainKernels(run: Run): readonly string[] {
  const path = plainKernelsFile(run)
  if (!existsSync(path)) return []
  const names = new Set(readText(path).trim().split('\n'))
  rmSync(path, { force: true })
  return [...names]
}

/** Why a module could not be written in the end: better known before the hours of measuring than after. */
function misplacedModule({ flags: { outDir }, files }: Run, known: KnownRecords): string | undefined {
  for (const kernel of known.kernels) {
    const place = {
      sourceFile: known.kernel(kernel)?.source_file,
      fileName: moduleFileName(kernel, 'device'),
    }
    const folders = { outDir, reportDir: files.folder }
    const refusal = refusedPlace(modulePath(place, folders), folders)
    if (refusal) return `the module of ${kernel}: ${refusal.what}. ${refusal.remedy}`
  }
  return undefined
}
