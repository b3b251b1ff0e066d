/** What a whole process does: reports errors nobody read, finishes pending work, returns collected memory. */
import { join } from 'node:path'
import { execa } from 'execa'
import { expect, it } from 'vitest'

const run = (script: string, ...flags: string[]) =>
  execa(process.execPath, [...flags, '--import', 'tsx', join(import.meta.dirname, 'children', script)], {
    reject: false,
  })

it('prints errors that nobody read, once, and fails', async () => {
  const { exitCode, stderr } = await run('unread_errors.ts')
  const lines = stderr.split('\n').filter((line) => !line.startsWith('Warning: max'))
  expect(lines).toEqual([
    'GpuError that no data() or sync() waited for: the first failed',
    'Later calls failed too:',
    '  the second failed (user.ts:6:1)',
    '  at user.ts:5:1',
  ])
  expect(exitCode).toBe(1)
})

it('does not end before pending jobs are done', async () => {
  const { exitCode, stdout } = await run('pending_job.ts')
  expect([exitCode, stdout]).toEqual([0, 'done'])
})

it('reuses the memory of tensors that were collected', async () => {
  const { exitCode, stdout } = await run('collected.ts', '--expose-gc')
  const { created, liveBytes } = JSON.parse(stdout)
  expect(exitCode).toBe(0)
  // 200 tensors of 4,000 bytes were made, ten between collections.
  expect(created).toBeLessThan(100)
  expect(liveBytes).toBeLessThan(100 * 4096)
})
