/** Outputs that are closed, full or read in part: never a stack, and an exit code that says what is so. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { temporaryFolder } from '../temporary_folder.ts'
import { runCommand } from './command.ts'

const folder = temporaryFolder()
writeFileSync(join(folder, 'empty.csv'), '')

/** What prints data, what fails, and the exit code of each. */
const INVOCATIONS: readonly (readonly [readonly string[], number])[] = [
  [['--help'], 0],
  [['--list-runs', '--json'], 0],
  [['init'], 2],
  [['build', '--measurements', 'empty.csv'], 1],
]
const OUTPUTS = ['| head -1', '| true', '2>&1 | true', '>&-', '2>&-', '<&-', '>&- 2>&- <&-', '2>/dev/full']

it.each(OUTPUTS)('%s changes no exit code', (behind) => {
  for (const [args, expected] of INVOCATIONS) {
    const { code, err } = runCommand(args, { cwd: folder, behind })
    expect([args, code]).toEqual([args, expected])
    expect(err).not.toMatch(/^ +at |EPIPE|this is a bug/m)
  }
})

it('standard output that is full costs the data, and is said', () => {
  for (const [args, expected] of INVOCATIONS) {
    const { code, err } = runCommand(args, { cwd: folder, behind: '>/dev/full' })
    expect([args, code]).toEqual([args, expected === 0 ? 1 : expected])
    expect(err).not.toMatch(/^ +at |this is a bug/m)
    if (expected === 0) expect(err).toMatch(/^helion-aot: cannot write standard output: the disk is full\n/)
    else expect(err).not.toContain('standard output')
  }
  expect(runCommand(['--help'], { cwd: folder, behind: '>/dev/full 2>&1' }).code).toBe(1)
})

it('a process that is left with nothing to do before its work is done says so', () => {
  const swallow = 'data:text/javascript,process.stdout.write=()=>true'
  const { code, err } = runCommand(['--help'], { cwd: folder, env: { NODE_OPTIONS: `--import ${swallow}` } })
  expect([code, err]).toEqual([
    1,
    'helion-aot: the work came to a stop before it was done: nothing is left that could go on with it\n' +
      '  Start the same command again: what is recorded is not done twice.\n',
  ])
})
