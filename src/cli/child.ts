/**
 * Runs the user's command for one phase: in a process group of its own, its output passed through and kept
 * in a log that says when and how it ran. The command ends when its first process ends; whatever is left of
 * its group then is ended too.
 */
import { execa, type ResultPromise } from 'execa'
import type { WorkPhase } from '../aot/run/run_folder.ts'
import { UsageError } from '../support/errors.ts'
import type { Console } from './console.ts'
import { DriverNoise } from './driver_noise.ts'
import { guard } from './guardian.ts'
import type { Interrupts } from './interrupts.ts'
import { PhaseLog } from './phase_log.ts'
import { watchLife } from './watch_life.ts'

export interface ChildTask {
  readonly phase: WorkPhase
  readonly command: readonly string[]
  /** Settings of the phase, for the log. */
  readonly env: Readonly<Record<string, string>>
  /** Everything else in its environment. */
  readonly environment: Readonly<NodeJS.ProcessEnv>
  readonly logFile: string
  /** Where the command gives the signs of life that it promises. */
  readonly lifeFile?: string
}

export interface ChildEnd {
  /** Undefined when a signal ended it. */
  readonly exitCode: number | undefined
  readonly signal: string | undefined
  /** It was ended because it gave no sign of life for so many seconds. */
  readonly silentSeconds?: number | undefined
}

/** Output that is still on its way when a program ends. */
const OUTPUT_GRACE_MS = 500

const PIPES = { stdin: 'ignore', stdout: 'pipe', stderr: 'pipe', buffer: false, reject: false } as const
type ChildProcess = ResultPromise<typeof PIPES>

/** Resolves when the command has ended, however it did. Rejects with UsageError when it cannot be started. */
export async function runChild(task: ChildTask, console: Console, interrupts: Interrupts): Promise<ChildEnd> {
  const { command, env, environment, logFile, lifeFile } = task
  const [file = '', ...args] = command
  const log = new PhaseLog(logFile, console)
  log.write(header(task))
  const isGroup = process.platform !== 'win32'
  const noise = new DriverNoise()
  const child = execa(file, args, {
    env: { ...withPath(environment), ...env },
    extendEnv: false,
    ...PIPES,
    preferLocal: true,
    detached: isGroup,
  })
  child.stdout.on('data', (chunk: Buffer) => {
    log.write(chunk)
    console.childOut(chunk)
  })
  child.stderr.on('data', (chunk: Buffer) => {
    log.write(chunk)
    console.childError(noise.pass(chunk))
  })
  child.stderr.on('close', () => console.childError(noise.rest()))
  const detach = interrupts.attach((signal) => stop(child, signal, isGroup))
  let silentSeconds: number | undefined
  const unwatch =
    lifeFile &&
    watchLife(lifeFile, (seconds) => {
      silentSeconds = seconds
      stop(child, 'SIGKILL', isGroup)
    })
  const release = isGroup && child.pid !== undefined ? guard(child.pid) : () => {}
  try {
    const result = await endOf(child)
    if (result.code === 'ENOENT' || result.code === 'EACCES') throw cannotStart(file, result.code)
    const end = { exitCode: result.exitCode, signal: result.signal, silentSeconds }
    log.write(trailer(end))
    return end
  } finally {
    detach()
    if (unwatch) unwatch()
    stop(child, 'SIGKILL', isGroup)
    release()
    log.close()
  }
}

/**
 * The end of the first process, and of its output, which is not waited for long: a process that it left
 * behind in the background may hold the pipes for ever.
 */
async function endOf(child: ChildProcess): Promise<Awaited<ChildProcess>> {
  child.once('exit', () => {
    setTimeout(() => {
      child.stdout.destroy()
      child.stderr.destroy()
    }, OUTPUT_GRACE_MS).unref()
  })
  return await child
}

/** What looks for local programs counts on a PATH, which an environment need not have. */
function withPath(environment: Readonly<NodeJS.ProcessEnv>): Readonly<NodeJS.ProcessEnv> {
  const hasPath = Object.keys(environment).some((name) => name.toUpperCase() === 'PATH')
  return hasPath ? environment : { ...environment, PATH: '' }
}

/** The whole group, so that what a shell or npx started ends too. */
function stop(child: ChildProcess, signal: NodeJS.Signals, isGroup: boolean): void {
  try {
    if (isGroup && child.pid !== undefined) process.kill(-child.pid, signal)
    else child.kill(signal)
  } catch {
    // It has ended by itself.
  }
}

function header({ phase, command, env }: ChildTask): string {
  return [
    `# phase: ${phase}`,
    `# Command: ${command.join(' ')}`,
    `# Environment: ${JSON.stringify(env)}`,
    `# Started: ${new Date().toISOString()}`,
    '',
  ].join('\n')
}

function trailer({ exitCode, signal }: ChildEnd): string {
  return `# Finished: ${new Date().toISOString()}\n# Return code: ${exitCode ?? signal}\n\n`
}

function cannotStart(file: string, code: string): UsageError {
  const why = code === 'ENOENT' ? 'there is no such command' : 'it may not be executed'
  return new UsageError(`cannot start ${JSON.stringify(file)}: ${why}`, {
    remedy: 'Give the command as you would type it: npx helion-aot -- node bench.js',
  })
}
