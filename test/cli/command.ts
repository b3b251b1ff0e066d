/** The real command, `bin/helion-aot.js`, in a process of its own. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Ended } from './recorded_console.ts'

const COMMAND = fileURLToPath(new URL('../../bin/helion-aot.js', import.meta.url))
if (!existsSync(fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))))
  throw new Error('the command runs from dist/, which is not there: run `node scripts/build.js` first')

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
  const shell = ['-c', script, process.execPath, COMMAND, ...args]
  const { status, stdout, stderr } = spawnSync('bash', shell, {
    cwd,
    env: { ...process.env, ...env },
    encoding: 'utf8',
  })
  return { code: status ?? -1, out: stdout, err: stderr }
}
