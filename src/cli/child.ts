/**
 * Runs the user's command for one phase: in a process group of its own, its output passed through and kept
 * in a log that says when and how it ran.
 */
import { appendFileSync, closeSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { execa, type ResultPromise } from 'execa'
import type { WorkPhase } from '../aot/run/run_folder.ts'
import { UsageError } from '../support/errors.ts'
import type { Console } from './console.ts'
import type { Interrupts } from './interrupts.ts'

export interface ChildTask {
  readonly phase: WorkPhase
  readonly command: readonly string[]
  /** Settings of the phase, for the log. */
  readonly env: Readonly<Record<string, string>>
  /** Everything else in its environment. */
  readonly environment: Readonly<NodeJS.ProcessEnv>
  readonly logFile: string
}

export interface ChildEnd {
  /** Undefined when a signal ended it. */
  readonly exitCode: number | undefined
  readonly signal: string | undefined
}

/** Resolves when the command has ended, however it did. Rejects with UsageError when it cannot be started. */
export async function runChild(task: ChildTask, console: Console, interrupts: Interrupts): Promise<ChildEnd> {
  const { command, env, environment, logFile } = task
  const [file = '', ...args] = command
  mkdirSync(dirname(logFile), { recursive: true })
  appendFileSync(logFile, header(task))
  const log = openSync(logFile, 'a')
  const isGroup = process.platform !== 'win32'
  const child = execa(file, args, {
    env: { ...environment, ...env },
    extendEnv: false,
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
    buffer: false,
    reject: false,
    preferLocal: true,
    detached: isGroup,
  })
  child.stdout.on('data', (chunk: Buffer) => {
    writeSync(log, chunk)
    console.childOut(chunk)
  })
  child.stderr.on('data', (chunk: Buffer) => {
    writeSync(log, chunk)
    console.childError(chunk)
  })
  const detach = interrupts.attach((signal) => stop(child, signal, isGroup))
  try {
    const result = await child
    if (result.code === 'ENOENT' || result.code === 'EACCES') throw cannotStart(file, result.code)
    const end = { exitCode: result.exitCode, signal: result.signal }
    appendFileSync(logFile, trailer(end))
    return end
  } finally {
    detach()
    closeSync(log)
  }
}

/** The whole group, so that what a shell or npx started ends too. */
function stop(child: ResultPromise, signal: NodeJS.Signals, isGroup: boolean): void {
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
