/**
 * What a large sweep takes: a measurements CSV of 2,000 shapes by 300 configs, built as the command line
 * builds it, with every file written; seconds of wall clock and of processor, and the largest resident
 * memory. The goal is 20 s and 1 GB.
 * Usage: npx tsx benchmarks/large_sweep.ts [shapes] [configs]
 */
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execaNode } from 'execa'
import { matmulSweep, toCsv } from '../test/aot/evaluate/sweeps.ts'

const [shapes = 2000, configs = 300] = process.argv.slice(2).map(Number)
const folder = mkdtempSync(join(tmpdir(), 'large-sweep-'))
try {
  const csv = join(folder, 'measurements.csv')
  writeFileSync(csv, toCsv(matmulSweep(99, shapes, configs, true)))
  console.log(`${shapes} shapes x ${configs} configs, ${(statSync(csv).size / 1e6).toFixed(0)} MB of CSV`)
  await build(csv)
} finally {
  rmSync(folder, { recursive: true, force: true })
}

/** In a process of its own, so that making the CSV is not counted. */
async function build(csv: string): Promise<void> {
  const command = fileURLToPath(new URL('../bin/helion-aot.js', import.meta.url))
  const probe = `process.on('exit', () => { const u = process.resourceUsage();
    console.error('USAGE ' + JSON.stringify([u.maxRSS, u.userCPUTime + u.systemCPUTime])) })`
  const options = ['--import', `data:text/javascript,${encodeURIComponent(probe)}`]
  const start = performance.now()
  const { stderr, exitCode } = await execaNode(
    command,
    [
      'build',
      '--measurements',
      csv,
      '--out-dir',
      join(folder, 'out'),
      '--device',
      'none',
      '--no-score-matrix',
    ],
    { nodeOptions: options, reject: false },
  )
  const seconds = (performance.now() - start) / 1000
  const [, usage = '[0,0]'] = /USAGE (.*)/.exec(stderr) ?? []
  const [kilobytes = 0, microseconds = 0] = JSON.parse(usage) as number[]
  console.log(stderr.replace(/USAGE .*/, '').trim())
  console.log(
    `exit ${exitCode}, ${seconds.toFixed(1)} s, ${(microseconds / 1e6).toFixed(1)} s of processor, ` +
      `${(kilobytes / 1024).toFixed(0)} MB`,
  )
}
