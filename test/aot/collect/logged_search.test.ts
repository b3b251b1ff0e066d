/** Searches of an AOT run write the log of trials that a setting asks for; it agrees with the records. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { ones } from '../../../src/index.ts'
import { listen } from '../../listen.ts'
import { temporaryFolder } from '../../temporary_folder.ts'
import { eventsIn, inPhase, plusOne } from '../phase_kernels.ts'

beforeEach(() => void listen())
afterEach(() => vi.restoreAllMocks())

it('logs each trial of the records, with its origin', async () => {
  const folder = temporaryFolder()
  await plusOne({ ...inPhase('collect', folder), autotuneLog: join(folder, 'trials') })(ones([256])).data()
  const rows: Record<string, string>[] = parse(readFileSync(join(folder, 'trials.csv')), { columns: true })
  const ended = rows.filter(({ status = '' }) => !['started', 'retimed'].includes(status))
  const trials = eventsIn(folder, 'trial')
  expect(trials.length).toBeGreaterThan(3)
  expect(ended.map(({ config_id, origin, program_hash }) => [config_id, origin, program_hash])).toEqual(
    trials.map(({ config_hash, origin, wgsl_hash }) => [config_hash, origin, wgsl_hash ?? '']),
  )
  expect(trials[0]?.origin).toBe('default')
  expect(new Set(rows.map(({ kernel, shape }) => `${kernel} ${shape}`))).toEqual(
    new Set(['plus_one f32[256]']),
  )
})
