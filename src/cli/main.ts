/**
 * `helion-aot`: arguments in, exit code out. Reads what is wanted, loads the part that does it, and turns
 * errors into messages and exit codes.
 */
import { packageVersion } from '../aot/run/package_version.ts'
import { EXIT, errorMessage, HelionError } from '../support/errors.ts'
import { fileError } from '../support/file_errors.ts'
import { type Invocation, parseArguments } from './arguments.ts'
import { type Console, processConsole } from './console.ts'

/** Runs the command line; resolves to the exit code and never rejects. */
export async function main(
  args: readonly string[],
  console: Console = processConsole(args.includes('--json')),
): Promise<number> {
  try {
    const version = packageVersion()
    return await dispatch(parseArguments(args, version, console.out), console)
  } catch (error) {
    return report(error, console)
  }
}

async function dispatch(invocation: Invocation, console: Console): Promise<number> {
  switch (invocation.kind) {
    case 'printed':
      return EXIT.done
    case 'list':
      return (await import('./list_runs.ts')).listRuns(invocation, console)
    case 'build':
      return (await import('./build_command.ts')).buildCommand(invocation.flags, console)
    case 'run':
      return await (await import('./workflow.ts')).runWorkflow(invocation, console)
    default:
      return invocation satisfies never
  }
}

/** Prints what went wrong; the exit code. */
function report(error: unknown, { say, colors }: Console): number {
  const known = error instanceof HelionError ? error : fileError(error)
  const details = error instanceof Error ? error.stack : undefined
  say(`${colors.red('helion-aot:')} ${known?.message ?? `this is a bug: ${details ?? errorMessage(error)}`}`)
  return known?.exitCode ?? EXIT.unexpected
}
