/** Quick searches of a made-up kernel whose results are stored, in a folder of their own for each test. */
import { beforeEach } from 'vitest'
import type { CacheKey } from '../../src/autotuner/cache/cache_key.ts'
import type { Settings } from '../../src/support/settings.ts'
import { temporaryFolder } from '../temporary_folder.ts'
import { CONTENDED } from './contended.ts'
import { PROBLEMS, type Problem, type TuneOptions, tune } from './synthetic.ts'

export const row: Problem = PROBLEMS[1] as Problem
export const key: CacheKey = { ...CONTENDED.key, kernel: 'row', space: row.spec.fingerprint }

export let cacheDir: string
beforeEach(() => {
  cacheDir = temporaryFolder()
})

export const quick = (settings: Partial<Settings> = {}): Partial<Settings> => ({
  autotuneEffort: 'quick',
  cacheDir,
  ...settings,
})
export const cached = (
  settings: Partial<Settings> = {},
  options: TuneOptions = {},
): ReturnType<typeof tune> =>
  tune(row, { ...options, settings: quick(settings), task: { cacheKey: key, ...options.task } })
