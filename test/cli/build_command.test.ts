/** `helion-aot build`: modules from files alone, and what its exit codes say. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { RecordWriter } from '../../src/aot/run/record_writer.ts'
import { byHand, type MadeSweep, toCsv } from '../aot/evaluate/sweeps.ts'
import { kernelRecord, measured, RUN } from '../aot/run/records_for_tests.ts'
import { temporaryFolder } from '../temporary_folder.ts'
import { runMain } from './recorded_console.ts'

const SIZES = [64, 128, 256, 512, 1024, 2048]
/** Two configs, each of which is bad for half of the shapes. */
const TORN = byHand(
  SIZES.map((size) => [size]),
  SIZES.map((size) => (size <= 256 ? [1, 3] : [3, 1])),
)

function csv(sweep: MadeSweep = TORN): { readonly folder: string; readonly path: string } {
  const folder = temporaryFolder()
  const path = join(folder, 'measurements.csv')
  writeFileSync(path, toCsv(sweep))
  return { folder, path }
}

it('writes modules, a summary, an evaluation and a report beside the measurements', async () => {
  const { folder, path } = csv()
  const { code, out, err } = await runMain('build', '--measurements', path, '--device', 'webgpu_x')
  const module = join(folder, '_helion_aot_made_webgpu_x.ts')
  expect([code, out]).toEqual([0, `${module}\n`])
  expect(readdirSync(folder).sort()).toEqual([
    '_helion_aot_made_webgpu_x.ts',
    'evaluation_webgpu_x.json',
    'heuristic_summary_webgpu_x.json',
    'measurements.csv',
    'report.html',
  ])
  expect(readFileSync(module, 'utf8')).toContain('export function key_made')
  expect(err).toContain('made: slowdown by shape and config')
  expect(err).toContain('made: 2 of 2 configs')
})

it('writes into another folder, without the matrix, under a header', async () => {
  const { folder, path } = csv()
  const outDir = join(folder, 'modules')
  const args = ['--out-dir', outDir, '--no-score-matrix', '--file-header', 'Mine.', '--device', 'd']
  const { code, err } = await runMain('build', '--measurements', path, ...args)
  expect([code, readdirSync(folder).sort()]).toEqual([0, ['measurements.csv', 'modules']])
  expect(readFileSync(join(outDir, '_helion_aot_made_d.ts'), 'utf8')).toMatch(/^\/\/ Mine\.\n/)
  expect(err).not.toContain('slowdown by shape')
})

it('prints code instead of writing it', async () => {
  const { folder, path } = csv()
  const { code, out } = await runMain('build', '--measurements', path, '--dump-code', '--device', 'd')
  expect(code).toBe(0)
  expect(out).toContain('export function autotune_made')
  expect(readdirSync(folder)).toEqual(['measurements.csv'])
})

it('answers in JSON', async () => {
  const { folder, path } = csv()
  const { out } = await runMain('build', '--measurements', path, '--device', 'd', '--json')
  expect(JSON.parse(out)).toMatchObject({
    exit_code: 0,
    device: 'd',
    kernels: [{ kernel: 'made', module: join(folder, '_helion_aot_made_d.ts'), num_configs: 2 }],
    failed: [],
    written: { report: join(folder, 'report.html') },
  })
})

it('ends with 3 when the goal is missed; the module is written all the same', async () => {
  const { folder, path } = csv()
  const { code } = await runMain('build', '--measurements', path, '--single-config', '--device', 'd')
  expect([code, existsSync(join(folder, '_helion_aot_made_d.ts'))]).toEqual([3, true])
  const generous = ['--single-config', '--threshold', '4', '--device', 'd']
  expect((await runMain('build', '--measurements', path, ...generous)).code).toBe(0)
})

it('ends with 5 when a shape has no config that runs', async () => {
  const { path } = csv(
    byHand(
      [[64], [128], [256]],
      [
        [1, 2],
        [1, 2],
        [1, 2],
      ],
    ),
  )
  const records = path.replace('measurements.csv', 'records.jsonl')
  const writer = new RecordWriter(records)
  writer.append(
    RUN,
    kernelRecord('add'),
    measured('add', 64, { num_warps: 1 }, 1),
    measured('add', 128, { num_warps: 1 }, 2),
  )
  writer.append(measured('add', 256, { num_warps: 1 }, null))
  writer.close()
  const { code, err } = await runMain('build', '--measurements', records)
  expect(code).toBe(5)
  expect(err).toContain('add: warning: ')
})

it('ends with 1 and says why when there is nothing to build from', async () => {
  const { path } = csv()
  expect(await runMain('build', '--measurements', path, '-k', 'other')).toEqual({
    code: 1,
    out: '',
    err:
      `helion-aot: no usable measurement of other in ${path}\n` +
      '  Measure first, or check the path and the names of kernels.\n',
  })
})

it.each([
  [['--measurements', '/no/such.csv'], 'there is no file /no/such.csv'],
  [['--threshold', '1'], '--threshold is 1'],
  [['--max-configs', '2.5'], '--max-configs is 2.5'],
  [['--outside', 'far'], 'unknown policy "far"'],
  [['--previous', '/no/such.ts'], '--previous names /no/such.ts, which does not exist'],
  [['--weights', '/no/such.json'], '--weights names /no/such.json, which does not exist'],
  [['--file-header', '@/no/such.txt'], '--file-header names /no/such.txt'],
])('ends with 2 for %j', async (args, message) => {
  const { folder, path } = csv()
  const { code, out, err } = await runMain('build', '--measurements', path, ...args)
  expect([code, out, readdirSync(folder)]).toEqual([2, '', ['measurements.csv']])
  expect(err).toContain(`helion-aot: ${message}`)
})
