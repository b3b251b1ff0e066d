/** Ctrl-C and SIGTERM in the middle of a run: the exit code says so, and the message how to go on. */
import { existsSync } from 'node:fs'
import { expect, it } from 'vitest'
import { isAlive } from '../../src/aot/run/lock.ts'
import { readMetadata } from '../../src/aot/run/run_metadata.ts'
import { Project } from './project.ts'

it.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s ends a search at once with exit code %i', async (signal, code) => {
  const project = new Project('stopped')
  // However late the signal comes.
  project.edit('bench.js', (text) => `${text}setInterval(() => {}, 1000)\n`)
  const start = project.start('--phase', 'collect', '--json')
  await expect.poll(() => existsSync(project.files.records) && project.records.length).toBeGreaterThan(1)
  start.kill(signal)
  const { exitCode, stdout, stderr } = await start
  expect(exitCode).toBe(code)
  expect(stderr).toContain(
    'helion-aot: interrupted in the phase collect; what was recorded is kept. To go on:\n' +
      '  npx helion-aot --effort quick --threshold 1000 --phase collect --json --run-id stopped -- node ',
  )
  expect(JSON.parse(stdout)).toMatchObject({
    exit_code: code,
    run_id: 'stopped',
    stopped: { phase: 'collect', reason: 'interrupted' },
  })
  expect(isAlive(project.pids.at(-1) ?? 0)).toBe(false)
  const { history = [] } = readMetadata(project.files.metadata) ?? {}
  expect(history).toMatchObject([{ success: false, exit_code: code }])
})
