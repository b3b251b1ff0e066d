/**
 * What is to be done, and where: the run folder (a new one, or that of `--run-id`), the phases, and the
 * command, which a run that goes on remembers.
 */
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { newRunId, runFiles } from '../aot/run/run_folder.ts'
import { readMetadata } from '../aot/run/run_metadata.ts'
import { UsageError } from '../support/errors.ts'
import { PHASES, type Phase, type RunFlags } from './arguments.ts'
import { shellWords } from './shell_words.ts'

export interface RunPlan {
  readonly runId: string
  /** Absolute. */
  readonly folder: string
  /** Whether the folder was there before. */
  readonly resumed: boolean
  readonly phases: readonly Phase[]
  /** Empty for a build alone. */
  readonly command: readonly string[]
  /** The flags as they were typed, without `--run-id`. */
  readonly typed: readonly string[]
}

const RUN_NAME = /^[A-Za-z0-9][\w.-]{0,99}$/

/** Throws UsageError. */
export function planRun(flags: RunFlags, command: readonly string[], typed: readonly string[] = []): RunPlan {
  const phases = flags.phase === 'all' ? PHASES : [flags.phase]
  const runId = flags.runId ?? newRunId()
  if (!RUN_NAME.test(runId))
    throw new UsageError(
      `--run-id is ${JSON.stringify(runId.length > 120 ? `${runId.slice(0, 120)}…` : runId)}`,
      {
        remedy: 'Use at most 100 letters, digits, `.`, `_` and `-`, or leave it out for a new run.',
      },
    )
  const folder = resolve(join(flags.outputDir, runId))
  const resumed = existsSync(folder)
  if (!resumed && flags.phase !== 'all' && flags.phase !== 'collect')
    throw new UsageError(`there is no run ${folder} to ${flags.phase}`, {
      remedy: 'Name one with --run-id; `npx helion-aot --list-runs` shows them.',
    })
  const own = command.length > 0 ? command : rememberedCommand(folder)
  if (own.length === 0 && phases.some((phase) => phase !== 'build'))
    throw new UsageError('no command to run', {
      remedy: 'Put the program that calls the kernels behind the flags: npx helion-aot -- node bench.js',
    })
  return { runId, folder, resumed, phases, command: own, typed }
}

/** How to go on with a run: the same flags, its id and its command, as a shell takes them. */
export function resumeCommand({ runId, command, typed }: RunPlan): string {
  const program = command.length > 0 ? ['--', ...command] : []
  return shellWords(['npx', 'helion-aot', ...typed, '--run-id', runId, ...program])
}

function rememberedCommand(folder: string): readonly string[] {
  return readMetadata(runFiles(folder, '').metadata)?.history.at(-1)?.benchmark_cmd ?? []
}
