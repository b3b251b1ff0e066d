/** The command line as a whole: which exit code for which end, before any program is run. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { processConsole } from '../../src/cli/console.ts'
import { main } from '../../src/cli/main.ts'
import { packageVersion } from '../../src/support/package_version.ts'
import { temporaryFolder } from '../temporary_folder.ts'
import { recordedConsole, runMain } from './recorded_console.ts'

const folder = temporaryFolder()

afterEach(() => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
})

it('0: help and version', async () => {
  const help = await runMain('--help')
  expect([help.code, help.err]).toEqual([0, ''])
  expect(help.out).toContain('npx helion-aot -- node bench.js')
  expect(await runMain('-V')).toEqual({ code: 0, out: `${packageVersion()}\n`, err: '' })
})

it.each([
  [['--bogus'], "unknown option '--bogus'"],
  [[], 'no command to run'],
  [['--'], 'no command to run'],
  [['--phase', 'measure', '--', 'node'], 'there is no run '],
  [['--max-configs', '0', '--', 'x'], '--max-configs is 0'],
])('2: %j', async (args, message) => {
  const outputDir = join(folder, 'never')
  const { code, out, err } = await runMain('--output-dir', outputDir, ...args)
  expect([code, out, existsSync(outputDir)]).toEqual([2, '', false])
  expect(err).toContain(`helion-aot: ${message}`)
})

it('4: no adapter, before a folder is made', async () => {
  vi.stubEnv('HELION_ADAPTER', 'nowhere to be found')
  const outputDir = join(folder, 'without_adapter')
  const { code, err } = await runMain('--output-dir', outputDir, '--', 'node', '-e', '0')
  expect([code, existsSync(outputDir)]).toEqual([4, false])
  expect(err).toContain("No WebGPU adapter matches 'nowhere to be found'")
})

it('1: a part that is not installed', async () => {
  const { console } = recordedConsole()
  const said: string[] = []
  const out = (): never => {
    throw Object.assign(new Error("Cannot find package 'execa'"), { code: 'ERR_MODULE_NOT_FOUND' })
  }
  expect(await main(['--help'], { ...console, out, say: (text) => void said.push(text) })).toBe(1)
  expect(said.join('')).toBe(
    "helion-aot: this package cannot be loaded: Cannot find package 'execa'\n" +
      '  Install it again; where only few files may be open, raise the limit (`ulimit -n`).',
  )
})

it('1: a bug, with its trace', async () => {
  const { console } = recordedConsole()
  const said: string[] = []
  const broken = {
    ...console,
    out: () => {
      throw new TypeError('out of order')
    },
    say: (text: string) => void said.push(text),
  }
  expect(await main(['--help'], broken)).toBe(1)
  expect(said.join('')).toMatch(/this is a bug: TypeError: out of order\n\s+at /)
})

describe('the console', () => {
  it.each([
    [{ NO_COLOR: '1', FORCE_COLOR: '1' }, 'plain'],
    [{ NO_COLOR: '', FORCE_COLOR: '1' }, '\x1b[31mplain\x1b[39m'],
    [{ NO_COLOR: '', FORCE_COLOR: '' }, 'plain'],
  ])('with %j colours as wanted', (env, expected) => {
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value)
    expect(processConsole().colors.red('plain')).toBe(expected)
  })

  it('keeps standard output for data, under --json also from the program', () => {
    const written: string[] = []
    const spy = (name: 'stdout' | 'stderr') =>
      vi.spyOn(process[name], 'write').mockImplementation((text) => {
        written.push(`${name}: ${text}`)
        return true
      })
    spy('stdout')
    spy('stderr')
    const chunk = new TextEncoder().encode('child')
    for (const json of [false, true]) {
      const console = processConsole(json)
      console.out('data')
      console.say('words')
      console.childOut(chunk)
      console.childError(chunk)
    }
    expect(written.map((line) => line.replace('99,104,105,108,100', 'child'))).toEqual([
      'stdout: data\n',
      'stderr: words\n',
      'stdout: child',
      'stderr: child',
      'stdout: data\n',
      'stderr: words\n',
      'stderr: child',
      'stderr: child',
    ])
  })
})
