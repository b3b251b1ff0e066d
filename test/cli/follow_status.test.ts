/** What a program tells of its progress reaches the terminal's last line, and is gone when it ends. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, it, vi } from 'vitest'
import { liveProgress } from '../../src/aot/run/live_progress.ts'
import { PhaseProgress } from '../../src/aot/run/phase_progress.ts'
import { STATUS_FILE, tellEarlyEnd, type WorkStatus } from '../../src/aot/run/status_file.ts'
import { STATUSES, type Status } from '../../src/autotuner/trial/benchmarker.ts'
import type { Console } from '../../src/cli/console.ts'
import { followStatus } from '../../src/cli/follow_status.ts'
import { temporaryFolder } from '../temporary_folder.ts'
import { recordedConsole } from './recorded_console.ts'

const PROGRESS = {
  kernel: 'softmax',
  shape: 'f32[64]',
  phase: 'measure',
  generation: 0,
  maxGenerations: 0,
  done: 3,
  total: 10,
  trials: 3,
  counts: Object.fromEntries(STATUSES.map((status) => [status, 0])) as Record<Status, number>,
  elapsedMs: 1000,
  trialsPerSecond: 3,
  bestMs: 0.5,
  leftMs: 2333,
} as const
const NAME = 'softmax f32[64]'
const TOLD = {
  work: NAME,
  state:
    'shape 1 of 2 · measuring candidates ·  30% 3/10 · 3 configs, 3.0/s · best 500 µs · at most 3 s left',
}

afterEach(() => vi.unstubAllEnvs())

it('is shown while it works', async () => {
  const file = join(temporaryFolder(), 'status')
  vi.stubEnv(STATUS_FILE, file)
  const shown: (WorkStatus | undefined)[] = []
  const stop = followStatus(file, {
    ...recordedConsole().console,
    status: (latest) => void shown.push(latest),
  })
  const phase = new PhaseProgress()
  for (const shape of ['a', 'b']) phase.announce(shape)
  const tell = liveProgress(NAME, phase)
  await expect.poll(() => shown).toContainEqual({ work: NAME, state: 'shape 1 of 2' })
  for (let i = 0; i < 100; i++) tell?.(PROGRESS)
  await expect.poll(() => shown).toContainEqual(TOLD)
  expect(stop()).toBeUndefined()
  expect(shown.at(-1)).toBeUndefined()
  expect(existsSync(file)).toBe(false)
})

it('tells the last of the work, and why a program ended early', () => {
  const file = join(temporaryFolder(), 'status')
  vi.stubEnv(STATUS_FILE, file)
  const shown: (WorkStatus | undefined)[] = []
  const console = { ...recordedConsole().console, status: (latest) => void shown.push(latest) } as Console
  const [first, second] = [followStatus(file, console), followStatus(file, console)]
  liveProgress(NAME, new PhaseProgress())
  expect(first()).toBeUndefined()
  tellEarlyEnd('it had enough')
  expect(second()).toBe('it had enough')
  expect(shown).toEqual([{ work: NAME, state: 'shape 1 of 0' }, undefined, undefined])
})

it('is not told where nobody follows', () => {
  vi.stubEnv(STATUS_FILE, undefined)
  expect(liveProgress(NAME, new PhaseProgress())).toBeUndefined()
})
