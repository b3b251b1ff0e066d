/** `--list-runs`: what is known of runs, also of broken ones. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, it } from 'vitest'
import { beginEntry, type RunEntry } from '../../src/aot/run/run_metadata.ts'
import { temporaryFolder } from '../temporary_folder.ts'
import { runMain } from './recorded_console.ts'

const folder = temporaryFolder()

function entry(started_at: string, benchmark_cmd: readonly string[]): RunEntry {
  return {
    started_at,
    benchmark_cmd,
    phases: ['collect'],
    hardware_id: 'webgpu_a_1',
    options: {},
    versions: {},
  }
}

function addRun(id: string, started: string, end: Partial<RunEntry> | undefined): void {
  mkdirSync(join(folder, id))
  const finish = beginEntry(join(folder, id, 'run_metadata.json'), id, entry(started, ['node', `${id}.js`]))
  if (end) finish(end)
}

beforeAll(() => {
  addRun('first', '2026-11-01T00:00:00.000Z', { success: true, exit_code: 0 })
  addRun('second', '2026-11-02T00:00:00.000Z', { success: false, exit_code: 5 })
  addRun('killed', '2026-11-03T00:00:00.000Z', undefined)
  mkdirSync(join(folder, 'broken'))
  writeFileSync(join(folder, 'broken', 'run_metadata.json'), '{"run_')
  mkdirSync(join(folder, 'bare'))
  writeFileSync(join(folder, 'bare', 'records_webgpu_b_2.jsonl'), '')
  mkdirSync(join(folder, 'something_else'))
  writeFileSync(join(folder, 'a_file'), '')
})

it('is a table, the newest run first', async () => {
  const { code, out, err } = await runMain('--list-runs', '--output-dir', folder)
  expect([code, err]).toEqual([0, ''])
  expect(out.split('\n').map((line) => line.replace(folder, '…').replace(/\s+/g, ' ').slice(0, 70))).toEqual([
    'run hardware status exit started command',
    expect.stringContaining('───'),
    'killed webgpu_a_1 ? – 2026-11-03T00:00:00.000Z node killed.js',
    'second webgpu_a_1 FAIL 5 2026-11-02T00:00:00.000Z node second.js',
    'first webgpu_a_1 OK 0 2026-11-01T00:00:00.000Z node first.js',
    'bare webgpu_b_2 ? –',
    expect.stringMatching(/^broken \? – cannot read .*broken/),
    '',
  ])
})

it('is JSON for programs', async () => {
  const { code, out } = await runMain('--list-runs', '--json', '--output-dir', folder)
  const runs = JSON.parse(out)
  expect(code).toBe(0)
  expect(runs[1]).toEqual({
    run_id: 'second',
    hardware: ['webgpu_a_1'],
    status: 'FAIL',
    exit_code: 5,
    started_at: '2026-11-02T00:00:00.000Z',
    command: 'node second.js',
  })
  expect(runs).toHaveLength(5)
})

it('is no error without runs', async () => {
  const nowhere = join(folder, 'nowhere')
  expect(await runMain('--list-runs', '--output-dir', nowhere)).toEqual({
    code: 0,
    out: '',
    err: `no runs in ${nowhere}\n`,
  })
  expect((await runMain('--list-runs', '--json', '--output-dir', nowhere)).out).toBe('[]\n')
})
