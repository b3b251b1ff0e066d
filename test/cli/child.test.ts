/** The user's command: how it is run, what is kept of it, and how it ends. */
import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { afterEach, expect, it } from 'vitest'
import { isAlive } from '../../src/aot/run/lock.ts'
import { type ChildEnd, runChild } from '../../src/cli/child.ts'
import { Interrupts } from '../../src/cli/interrupts.ts'
import { temporaryFolder } from '../temporary_folder.ts'
import { recordedConsole } from './recorded_console.ts'

const RUNNER = fileURLToPath(new URL('./children/run_child.ts', import.meta.url))
const folder = temporaryFolder()
const written = recordedConsole()
let interrupts = new Interrupts()

afterEach(() => {
  interrupts.release()
  interrupts = new Interrupts()
})

function run(name: string, command: readonly string[], env: Record<string, string> = {}): Promise<ChildEnd> {
  const task = { phase: 'collect', command, env, environment: process.env, logFile: logFile(name) } as const
  return runChild(task, written.console, interrupts)
}

function logFile(name: string): string {
  return join(folder, 'logs', `${name}.log`)
}

function log(name: string): string {
  return readFileSync(logFile(name), 'utf8').replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'NOW')
}

/** A node process that does this. */
function node(code: string): readonly string[] {
  return [process.execPath, '-e', code]
}

it('passes output through and keeps it, with how and when it ran', async () => {
  const command = node('console.log(process.env.HELION_AOT_MODE); console.error("oops"); process.exit(7)')
  expect(await run('kept', command, { HELION_AOT_MODE: 'collect' })).toEqual({
    exitCode: 7,
    signal: undefined,
  })
  expect([written.out, written.err]).toEqual(['collect\n', 'oops\n'])
  const [phase, line, environment, started, ...rest] = log('kept').split('\n')
  expect([phase, line, environment, started]).toEqual([
    '# phase: collect',
    `# Command: ${command.join(' ')}`,
    '# Environment: {"HELION_AOT_MODE":"collect"}',
    '# Started: NOW',
  ])
  expect(rest.slice(0, 2).sort()).toEqual(['collect', 'oops'])
  expect(rest.slice(2)).toEqual(['# Finished: NOW', '# Return code: 7', '', ''])
})

it('appends to the log of an earlier start', async () => {
  await run('twice', node('console.log("first")'))
  await run('twice', node('console.log("second")'))
  expect(log('twice').match(/^(first|second|# Return code: 0)$/gm)).toEqual([
    'first',
    '# Return code: 0',
    'second',
    '# Return code: 0',
  ])
})

it('gives arguments as they are, to no shell', async () => {
  const words = ['$HOME', 'a b', '*', '"']
  await run('words', [...node('console.log(JSON.stringify(process.argv.slice(1)))'), ...words])
  expect(log('words')).toContain(JSON.stringify(words))
})

it('finds commands of the project, as npm scripts do', async () => {
  expect(await run('local', ['tsc', '--version'])).toEqual({ exitCode: 0, signal: undefined })
})

it.each([
  ['a device', '/dev/full', /: cannot write .*: a device is there where a file belongs$/m],
  ['a folder', '.', /: cannot open .*: a folder is there where a file belongs$/m],
])('runs to its end when its log is %s', async (name, target, message) => {
  mkdirSync(dirname(logFile(name)), { recursive: true })
  symlinkSync(target, logFile(name))
  const before = written.err.length
  expect(await run(name, node('console.log("done"); process.exit(3)'))).toMatchObject({ exitCode: 3 })
  expect(written.err.slice(before)).toMatch(message)
  expect(written.err.slice(before).match(/the log ends here/g)).toHaveLength(1)
})

it('says which signal ended it', async () => {
  expect(await run('signal', node('process.kill(process.pid, "SIGKILL")'))).toEqual({
    exitCode: undefined,
    signal: 'SIGKILL',
  })
  expect(log('signal')).toContain('# Return code: SIGKILL')
})

it('is refused when there is no such command, or one that cannot be executed', async () => {
  await expect(run('none', ['no_such_command'])).rejects.toThrow(
    'cannot start "no_such_command": there is no such command',
  )
  await expect(run('folder', [folder])).rejects.toThrow(`cannot start "${folder}": it may not be executed`)
})

it('has nothing to read, so that it cannot wait for a person', async () => {
  await run('stdin', node('process.stdin.on("end", () => console.log("end of input")).resume()'))
  expect(log('stdin')).toContain('end of input')
})

it('is told to end, with everything that it started', async () => {
  const grandchild = 'console.log("pid", process.pid); setInterval(() => {}, 1000)'
  const child = `
    const options = { stdio: 'inherit' }
    require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(grandchild)}], options)
    setInterval(() => {}, 1000)`
  const ended = run('group', node(child))
  await expect.poll(() => log('group')).toMatch(/^pid \d+$/m)
  process.emit('SIGINT')
  expect(await ended).toEqual({ exitCode: undefined, signal: 'SIGINT' })
  expect(interrupts.exitCode).toBe(130)
  const pid = Number(/^pid (\d+)$/m.exec(log('group'))?.[1])
  await expect.poll(() => isAlive(pid)).toBe(false)
})

it('is killed by the second signal when it does not listen to the first', async () => {
  const ended = run(
    'deaf',
    node('process.on("SIGTERM", () => console.log("no")); console.log("ready"); setInterval(() => {}, 1000)'),
  )
  await expect.poll(() => log('deaf')).toMatch(/^ready$/m)
  process.emit('SIGTERM')
  await expect.poll(() => log('deaf')).toMatch(/^no$/m)
  process.emit('SIGTERM')
  expect(await ended).toEqual({ exitCode: undefined, signal: 'SIGKILL' })
  expect(interrupts.exitCode).toBe(143)
})

it('ends at once when the signal came before it was there', async () => {
  process.emit('SIGINT')
  expect(await run('late', node('setInterval(() => {}, 1000)'))).toMatchObject({ signal: 'SIGINT' })
})

it('is asked in another way, then killed, when it does not listen at all', async () => {
  const deaf = 'for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => console.log(signal))'
  const ended = run('stubborn', node(`${deaf}; console.log("ready"); setInterval(() => {}, 1000)`))
  await expect.poll(() => log('stubborn')).toMatch(/^ready$/m)
  process.emit('SIGINT')
  expect(await ended).toEqual({ exitCode: undefined, signal: 'SIGKILL' })
  expect(log('stubborn').match(/^SIG\w+$/gm)).toEqual(['SIGINT', 'SIGTERM'])
})

const FOR_EVER = 'console.log("pid", process.pid); setInterval(() => {}, 1000)'

/** A program that leaves another one behind, which holds its output, and ends as soon as that one runs. */
function leaving(options: object): string {
  const left = `${FOR_EVER}; process.send('here'); process.disconnect()`
  return `
    const { spawn } = require('node:child_process')
    const options = { stdio: ['inherit', 'inherit', 'inherit', 'ipc'], ...${JSON.stringify(options)} }
    const left = spawn(process.execPath, ['-e', ${JSON.stringify(left)}], options)
    left.on('message', () => process.exit(3))`
}

it('ends with its first process, whoever still holds its output', async () => {
  expect(await run('daemon', node(leaving({ detached: true })))).toMatchObject({
    exitCode: 3,
  })
  const pid = Number(/^pid (\d+)$/m.exec(log('daemon'))?.[1])
  expect(isAlive(pid)).toBe(true)
  process.kill(pid, 'SIGKILL')
})

it('leaves nothing of its group behind', async () => {
  expect(await run('background', node(leaving({})))).toMatchObject({ exitCode: 3 })
  const pid = Number(/^pid (\d+)$/m.exec(log('background'))?.[1])
  await expect.poll(() => isAlive(pid)).toBe(false)
})

it.each([
  ['a program that knows nothing of it', FOR_EVER],
  ['a program that does not listen', `process.on('SIGTERM', () => {}); ${FOR_EVER}`],
  ['a program whose thread is busy', 'console.log("pid", process.pid); for (;;);'],
])('kill -9 of the runner ends %s', async (_, code) => {
  const name = `orphan${_.length}`
  const shell = ['sh', '-c', '"$0" -e "$1"; echo no', process.execPath, code]
  const runner = execa(
    process.execPath,
    ['--import', import.meta.resolve('tsx'), RUNNER, logFile(name), ...shell],
    { reject: false },
  )
  await expect.poll(() => existsSync(logFile(name)) && log(name)).toMatch(/^pid \d+$/m)
  runner.kill('SIGKILL')
  const pid = Number(/^pid (\d+)$/m.exec(log(name))?.[1])
  await expect.poll(() => isAlive(pid)).toBe(false)
})

it('Dawn’s warnings stay in the log', async () => {
  const noise = 'Warning: maxDynamicBuffers artificially reduced from 1000 to 16 to fit.'
  await run(
    'noise',
    node(`console.error('before'); console.error(${JSON.stringify(noise)}); console.error('after')`),
  )
  expect(log('noise')).toContain(`before\n${noise}\nafter\n`)
  expect(written.err.slice(written.err.lastIndexOf('before'))).toBe('before\nafter\n')
})
