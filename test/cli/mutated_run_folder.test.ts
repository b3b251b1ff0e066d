/**
 * The files of a run folder as accidents and enemies leave them, but for its records: the next start, and
 * `--list-runs`, use what they can and say what they cannot.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, it, vi } from 'vitest'
import { runFiles } from '../../src/aot/run/run_folder.ts'
import { beginEntry, readMetadata } from '../../src/aot/run/run_metadata.ts'
import { readTold, STATUS_FILE, tellStatus } from '../../src/aot/run/status_file.ts'
import type { ChoiceLine } from '../../src/aot/serve/choice_log.ts'
import { proveUse, readTrace } from '../../src/aot/verdict/proof.ts'
import { scoreModule } from '../../src/aot/verdict/score_module.ts'
import { listRuns } from '../../src/cli/list_runs.ts'
import { planRun } from '../../src/cli/run_plan.ts'
import { writeEvaluation } from '../../src/cli/write_evaluation.ts'
import { DataError } from '../../src/support/errors.ts'
import { choosing, madeRun } from '../aot/verdict/made_run.ts'
import { forEachMutation } from '../mutations.ts'
import { temporaryFolder } from '../temporary_folder.ts'
import { recordedConsole } from './recorded_console.ts'

const outputDir = temporaryFolder()
const folder = join(outputDir, 'one')
const files = runFiles(folder, 'webgpu_test_1.0')
mkdirSync(join(folder, 'logs'), { recursive: true })
const CONFIGS = [{ num_warps: 1 }, { num_warps: 8 }]
const { sweep } = madeRun(CONFIGS, { 64: [1, 2], 1024: [2, 1] })
const module = choosing(CONFIGS, (size) => (size < 100 ? 0 : 1))
const ENTRY = {
  started_at: '2026-11-21T09:30:00.000Z',
  phases: ['collect', 'measure', 'build', 'evaluate'],
  hardware_id: files.hardwareId,
  benchmark_cmd: ['node', 'bench.js'],
  options: { effort: 'quick', threshold: 1.1 },
  versions: { 'helion-aot': '0.1.0' },
}
const FLAGS = {
  outputDir,
  runId: 'one',
  kernel: [],
  featureSelection: true,
  defaults: false,
  scoreMatrix: true,
} as const

/** The same, where the text stands in a file. */
const inFile = (path: string, text: string, seed: number, use: (text: string) => void) =>
  forEachMutation(text, seed, (changed) => {
    writeFileSync(path, changed)
    use(changed)
  })

/** The result; undefined where it is refused by a sentence. */
function orRefused<T>(action: () => T): T | undefined {
  try {
    return action()
  } catch (error) {
    if (!(error instanceof DataError)) throw error
    return undefined
  }
}

afterAll(() => {
  expect(readdirSync(outputDir)).toEqual(['one'])
  expect(globalThis).not.toHaveProperty('executed')
  expect({}).not.toHaveProperty('polluted')
})

it('run_metadata.json', async () => {
  beginEntry(files.metadata, 'one', ENTRY)
  beginEntry(files.metadata, 'one', ENTRY)({ success: true, exit_code: 0 })
  await inFile(files.metadata, readFileSync(files.metadata, 'utf8'), 31, (text) => {
    for (const json of [true, false]) expect(listRuns({ outputDir, json }, recordedConsole().console)).toBe(0)
    const known = orRefused(() => readMetadata(files.metadata))
    const plan = orRefused(() => planRun({ ...FLAGS, phase: 'evaluate' }, []))
    if (plan) expect(plan.command).toEqual(known?.history.at(-1)?.benchmark_cmd)
    const begun = orRefused(() => beginEntry(files.metadata, 'one', ENTRY))
    // What is not understood is left as it is.
    if (!begun) expect(readFileSync(files.metadata, 'utf8')).toBe(text)
    else expect(readMetadata(files.metadata)?.history).toHaveLength((known?.history.length ?? 0) + 1)
  })
})

it('evaluation_<hardware>.json', async () => {
  const score = scoreModule(module, sweep)
  const verdict = { kernel: 'add', module: 'm.ts', score, heldOut: null, used: 2, doubts: [] }
  writeEvaluation(files.evaluation, [verdict, { ...verdict, kernel: 'other' }])
  await inFile(files.evaluation, readFileSync(files.evaluation, 'utf8'), 32, (text) => {
    const written = orRefused(() => writeEvaluation(files.evaluation, [verdict]) ?? true)
    const after = readFileSync(files.evaluation, 'utf8')
    if (written) expect(JSON.parse(after).add).toMatchObject({ used_in_program: { shapes: 2 } })
    else expect(after).toBe(text)
  })
})

it.each([
  ['run_metadata', () => readMetadata(files.metadata), files.metadata],
  ['evaluation', () => writeEvaluation(files.evaluation, []), files.evaluation],
])('a folder or a pipe in the place of %s is named once', (_, read, path) => {
  for (const [make, what] of [
    [() => mkdirSync(path), 'a folder is there where a file belongs'],
    [() => execFileSync('mkfifo', [path]), 'a pipe is there where a file belongs'],
  ] as const) {
    rmSync(path, { recursive: true, force: true })
    make()
    expect(read).toThrow(`cannot read ${path}: ${what}\n  Remove`)
  }
  rmSync(path)
})

it('choices_<hardware>.jsonl', async () => {
  const lines: readonly ChoiceLine[] = [
    { kernel: 'add', module: 'm.ts', shape_hash: 'a', index: 0, config_hash: 'b' },
    { kernel: 'add', module: '/elsewhere/m.ts', shape_hash: 'c', index: 1, config_hash: 'd' },
  ]
  await inFile(files.trace, lines.map((line) => `${JSON.stringify(line)}\n`).join(''), 33, () => {
    for (const { kernel, module: path } of readTrace(files.trace)) {
      const proof = proveUse(readTrace(files.trace), path, module, { ...sweep, kernel })
      expect(proof.shapes).toBeGreaterThan(0)
    }
  })
})

it('the status of a program', async () => {
  const path = join(folder, 'status')
  vi.stubEnv(STATUS_FILE, path)
  tellStatus('softmax f32[64]', 'shape 1 of 3 · 12 configs, 3.0/s')
  vi.unstubAllEnvs()
  await inFile(path, readFileSync(path, 'utf8'), 34, () => {
    const told = Object.values(readTold(path) ?? {})
    for (const text of told) expect(text).not.toContain('\n')
  })
})
