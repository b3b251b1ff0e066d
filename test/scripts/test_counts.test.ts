/**
 * scripts/test_counts.js: no failing run may count as a passing one.
 */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeEach, expect, it } from 'vitest'
import { temporaryFolder } from '../temporary_folder.ts'

const SCRIPT = fileURLToPath(new URL('../../scripts/test_counts.js', import.meta.url))

let folder = ''

beforeEach(() => {
  folder = temporaryFolder()
})

it.each([
  ['a good run', 0, { numPassedTests: 5, numFailedTests: 0, numPendingTests: 1, numTodoTests: 1 }, '5 0 2'],
  ['failed tests', 1, { numPassedTests: 5, numFailedTests: 2, numPendingTests: 0, numTodoTests: 0 }, '5 2 0'],
  [
    'a file that does not load',
    1,
    { numPassedTests: 5, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0 },
    '5 1 0',
  ],
  ['no report', 1, undefined, '0 1 0'],
  ['a report that is cut off', 137, '{"numPassedTests": 5', '0 1 0'],
])('%s', (_, status, report, counts) => {
  const file = join(folder, 'report.json')
  if (report) writeFileSync(file, typeof report === 'string' ? report : JSON.stringify(report))
  const { stdout } = spawnSync(process.execPath, [SCRIPT, file, String(status)], { encoding: 'utf8' })
  expect(stdout).toBe(`${counts}\n`)
})

it('names what failed', () => {
  const file = join(folder, 'report.json')
  const failed = { status: 'failed', fullName: 'adds two numbers', failureMessages: ['3 is not 4'] }
  const passed = { status: 'passed', fullName: 'adds one number' }
  const testResults = [
    { name: 'add.test.ts', status: 'failed', message: '', assertionResults: [failed, passed] },
    { name: 'sub.test.ts', status: 'failed', message: 'no such file', assertionResults: [] },
    { name: 'mul.test.ts', status: 'passed', message: '', assertionResults: [passed] },
  ]
  writeFileSync(file, JSON.stringify({ numFailedTests: 1, testResults }))
  const { stderr } = spawnSync(process.execPath, [SCRIPT, file, '1'], { encoding: 'utf8' })
  expect(stderr).toBe(
    'FAILED: add.test.ts: adds two numbers\n3 is not 4\nFAILED: sub.test.ts: no such file\n',
  )
})
