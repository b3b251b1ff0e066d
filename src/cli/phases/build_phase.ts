/**
 * Build: from the records to modules beside the kernels' sources, a summary and a report; no GPU, no child.
 */
import { runBuild } from '../../aot/evaluate/run_build.ts'
import { EXIT } from '../../support/errors.ts'
import { buildOptions } from '../build_flags.ts'
import { absentKernels, type PhaseResult, type Run } from '../run.ts'

export async function buildPhase(run: Run): Promise<PhaseResult> {
  const { flags, files, console } = run
  const outcome = runBuild({
    ...buildOptions(flags, [files.records]),
    reportDir: files.folder,
    hardwareId: files.hardwareId,
  })
  run.built = outcome
  for (const message of outcome.messages) console.say(message)
  if (outcome.stdout && !flags.json) console.out(outcome.stdout)
  const { kernels, failed } = outcome.result
  const absent = absentKernels(
    run,
    [...kernels, ...failed].map(({ kernel }) => kernel),
  )
  if (absent !== undefined) return { failed: absent }
  if (outcome.exitCode === EXIT.unexpected) return { failed: 'no module could be written' }
  return { partial: outcome.exitCode === EXIT.partial, goalMissed: outcome.exitCode === EXIT.goalMissed }
}
