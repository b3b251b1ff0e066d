/** What a whole process does: reports errors nobody read, finishes pending work, returns collected memory. */
import { join } from 'node:path'
import { execa } from 'execa'
import { expect, it } from 'vitest'
import { PACKAGE } from '../built_package.ts'

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

it('says what a worker thread needs for the embedded adapter', async () => {
  const inThread = async (options: string) => {
    const work = `import('${PACKAGE}').then(async ({ ones }) => console.log(await ones([2]).data()))`
    const script = `import { SHARE_ENV, Worker } from 'node:worker_threads'
      const worker = new Worker(${JSON.stringify(work)}, { eval: true, ${options} })
      worker.on('error', (error) => console.log(error.message))`
    const args = ['--input-type=module', '--eval', script]
    return await execa(process.execPath, args, { env: { HELION_ADAPTER: 'SwiftShader' }, reject: false })
  }
  const { stdout } = await inThread('')
  expect(stdout).toContain('No WebGPU adapter matches')
  expect(stdout).toContain(
    'In a worker thread the embedded adapter needs new Worker(url, { env: SHARE_ENV }).',
  )
  expect((await inThread('env: SHARE_ENV')).stdout).toBe('Float32Array(2) [ 1, 1 ]')
})
