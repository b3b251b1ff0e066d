/**
 * `helion-aot`: arguments in, exit code out. Reads what is wanted, loads the part that does it, and turns
 * errors into messages and exit codes.
 */

import { EXIT, HelionError } from '../support/errors.ts'
import { packageVersion } from '../support/package_version.ts'
import { type Invocation, parseArguments } from './arguments.ts'
import { type Console, processConsole } from './console.ts'
import { NAME_DEVICE } from './name_device_argument.ts'
import { UNSETTLED } from './node_exit.ts'
import { report } from './report.ts'

/**
 * Runs the command line; resolves to the exit code and never rejects. `entry` is the script that runs it as a
 * process of its own.
 */
export async function main(
  args: readonly string[],
  console: Console = processConsole(wantsJson(args)),
  entry?: string,
): Promise<number> {
  return await console.settled(await codeOf(args, console, entry))
}

/** The command line as a process of its own: also what fails behind its back is told in a sentence. */
export async function runProcess(args: readonly string[]): Promise<void> {
  const console = processConsole(wantsJson(args))
  process.on('uncaughtException', (error) => process.exit(report(error, console)))
  let isDone = false
  process.on('exit', (code) => {
    // Of what it ends with 13, Node 20 says 0 here, and packages that listen too make it that.
    if (isDone || (code !== 0 && code !== UNSETTLED)) return
    const what = 'the work came to a stop before it was done: nothing is left that could go on with it'
    const remedy = 'Start the same command again: what is recorded is not done twice.'
    process.exitCode = report(new HelionError(what, { remedy }), console)
  })
  process.exitCode = await main(args, console, process.argv[1])
  isDone = true
}

/** Known before the arguments are read, because a mistake in them is told by then. */
function wantsJson(args: readonly string[]): boolean {
  const end = args.indexOf('--')
  return (end < 0 ? args : args.slice(0, end)).includes('--json')
}

async function codeOf(args: readonly string[], console: Console, entry: string | undefined): Promise<number> {
  try {
    if (args[0] === NAME_DEVICE) {
      const [text, exitCode] = await (await import('./name_device.ts')).nameOrRefusal()
      console.out(text)
      return exitCode
    }
    return await dispatch(parseArguments(args, packageVersion(), console.out), console, entry)
  } catch (error) {
    return report(error, console)
  }
}

async function dispatch(
  invocation: Invocation,
  console: Console,
  entry: string | undefined,
): Promise<number> {
  // Asked first, because it fails where the folder was removed: what is loaded below does not expect that.
  if (invocation.kind !== 'printed') process.cwd()
  switch (invocation.kind) {
    case 'printed':
      return EXIT.done
    case 'list':
      return (await import('./list_runs.ts')).listRuns(invocation, console)
    case 'build':
      return (await import('./build_command.ts')).buildCommand(invocation.flags, console)
    case 'run':
      return await (await import('./workflow.ts')).runWorkflow(invocation, console, entry)
    default:
      return invocation satisfies never
  }
}
