/** The real command, `bin/helion-aot.js`, in a process of its own. */
import { spawnSync } from 'node:child_process'
import { BIN } from '../built_package.ts'
import type { Ended } from './recorded_console.ts'

export interface CommandOptions {
  readonly cwd: string
  readonly env?: Readonly<NodeJS.ProcessEnv>
  /** Put before the command in a shell, such as `ulimit -n 20;`. */
  readonly before?: string
  /** Put behind it, such as `| head -1`. */
  readonly behind?: string
}

/** Runs the command in a shell; `code` is that of the command, whatever stands behind it. */
export function runCommand(args: readonly string[], options: CommandOptions): Ended {
  const { cwd, env = {}, before = '', behind = '' } = options
  const script = `${before} "$0" "$@" ${behind}; exit \${PIPESTATUS[0]}`
  const shell = ['-c', script, process.execPath, BIN, ...args]
  const { status, stdout, stderr } = spawnSync('bash', shell, {
    cwd,
    // Without further shapes: how many there are depends on how long tuning takes.
    env: { ...process.env, HELION_AOT_DENSIFY: '0', ...env },
    encoding: 'utf8',
  })
  return { code: status ?? -1, out: stdout, err: stderr }
}
