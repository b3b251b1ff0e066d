/** Programs that can be started are told from those that cannot, before anything is made for them. */
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { checkProgram } from '../../src/cli/find_program.ts'
import { UsageError } from '../../src/support/errors.ts'
import { temporaryFolder } from '../temporary_folder.ts'
import { runMain } from './recorded_console.ts'

const folder = temporaryFolder()
const inner = join(folder, 'packages', 'one')
const bin = join(folder, 'node_modules', '.bin')
for (const each of [inner, bin, join(folder, 'on_path')]) mkdirSync(each, { recursive: true })
for (const [path, mode] of [
  [join(bin, 'local_tool'), 0o755],
  [join(folder, 'on_path', 'tool_on_path'), 0o755],
  [join(folder, 'on_path', 'not_executable'), 0o644],
  [join(inner, 'bench.js'), 0o644],
  [join(inner, 'bench.ts'), 0o644],
  [join(inner, 'run_me'), 0o755],
] as const) {
  writeFileSync(path, '#!/bin/sh\n')
  chmodSync(path, mode)
}

function inside(): void {
  vi.spyOn(process, 'cwd').mockReturnValue(inner)
  vi.stubEnv('PATH', `${join(folder, 'on_path')}:/usr/bin:/bin`)
}

afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
})

it.each([
  'node',
  'sh',
  'local_tool',
  'tool_on_path',
  './run_me',
  join('..', 'one', 'run_me'),
  process.execPath,
])('%s can be started', (word) => {
  inside()
  expect(() => checkProgram(word)).not.toThrow()
})

it.each([
  ['no_such_command', 'there is no such command', 'Give the command as you would type it'],
  ['', 'there is no such command', 'Give the command as you would type it'],
  ['./missing', 'there is no such file', 'Give the command as you would type it'],
  ['./', 'it is a folder', 'Give the command as you would type it'],
  ['./bench.js', 'it may not be executed', 'npx helion-aot -- node ./bench.js'],
  ['not_executable', 'it may not be executed', 'npx helion-aot -- node not_executable'],
  ['bench.js', 'it is not on PATH, though a file of that name is here', 'npx helion-aot -- node bench.js'],
  ['bench.ts', 'it is not on PATH, though a file of that name is here', 'npx helion-aot -- npx tsx bench.ts'],
])('%s cannot', (word, why, remedy) => {
  inside()
  expect(() => checkProgram(word)).toThrow(UsageError)
  expect(() => checkProgram(word)).toThrow(`cannot start ${JSON.stringify(word)}: ${why}\n`)
  expect(() => checkProgram(word)).toThrow(remedy)
})

describe('helion-aot', () => {
  it('makes no folder for a program that does not exist', async () => {
    const outputDir = join(folder, 'runs')
    const { code, err } = await runMain('--output-dir', outputDir, '--', 'no_such_command', 'x')
    expect([code, existsSync(outputDir)]).toEqual([2, false])
    expect(err).toContain('helion-aot: cannot start "no_such_command": there is no such command')
  })
})
