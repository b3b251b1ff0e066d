/** `helion-aot build`: modules from files of measurements, with neither a GPU nor a program to run. */
import { basename } from 'node:path'
import { runBuild } from '../aot/evaluate/run_build.ts'
import type { BuildCommandFlags } from './arguments.ts'
import { buildOptions } from './build_flags.ts'
import type { Console } from './console.ts'

/** The exit code. Throws UsageError and DataError. */
export function buildCommand(flags: BuildCommandFlags, console: Console): number {
  const options = { ...buildOptions(flags, flags.measurements), device: flags.device }
  const { result, written, stdout, messages, exitCode } = runBuild(options)
  for (const message of messages) console.say(message)
  if (flags.json) console.out(JSON.stringify(jsonOf(result, written, exitCode), null, 2))
  else if (stdout) console.out(stdout)
  else for (const path of written?.modules ?? []) console.out(path)
  return exitCode
}

function jsonOf(
  { device, kernels, failed, problems }: ReturnType<typeof runBuild>['result'],
  written: ReturnType<typeof runBuild>['written'],
  exitCode: number,
): unknown {
  return {
    exit_code: exitCode,
    device,
    kernels: kernels.map(({ kernel, fileName, summary, text }) => ({
      kernel,
      module: written?.modules.find((path) => basename(path) === fileName) ?? null,
      ...(written ? {} : { code: text }),
      ...summary,
    })),
    failed,
    problems,
    written,
  }
}
