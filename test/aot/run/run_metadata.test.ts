/** The history of a run folder: every start is kept, finished or not. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { beginEntry, type RunEntry, readMetadata } from '../../../src/aot/run/run_metadata.ts'
import { DataError } from '../../../src/support/errors.ts'
import { temporaryFolder } from '../../temporary_folder.ts'

function entry(started_at: string): RunEntry {
  return {
    started_at,
    phases: ['collect'],
    hardware_id: 'h',
    benchmark_cmd: ['node'],
    options: {},
    versions: {},
  }
}

it('appends an entry for each start and completes only the last', () => {
  const path = join(temporaryFolder(), 'run', 'run_metadata.json')
  expect(readMetadata(path)).toBeUndefined()
  beginEntry(path, 'r1', entry('a'))
  const finish = beginEntry(path, 'r1', entry('b'))
  finish({ success: true, exit_code: 0 })
  expect(readMetadata(path)).toEqual({
    run_id: 'r1',
    history: [entry('a'), { ...entry('b'), success: true, exit_code: 0 }],
  })
  expect(readdirSync(join(path, '..'))).toEqual(['run_metadata.json'])
})

it('names a file that cannot be used, and leaves it alone', () => {
  const path = join(temporaryFolder(), 'run_metadata.json')
  for (const text of ['{"run_id":', '[]', '{"run_id":"x"}']) {
    writeFileSync(path, text)
    expect(() => beginEntry(path, 'r1', entry('a'))).toThrow(DataError)
    expect(() => readMetadata(path)).toThrow(`cannot read ${path}`)
    expect(readFileSync(path, 'utf8')).toBe(text)
  }
})
