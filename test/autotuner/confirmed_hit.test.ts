/** A stored config that was found with other versions is tried once before it serves. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { AdapterError, GpuError } from '../../src/support/errors.ts'
import { resetWarnings } from '../../src/support/log.ts'
import { temporaryFolder } from '../temporary_folder.ts'
import { CONTENDED } from './contended.ts'
import { PROBLEMS, type Problem, SyntheticBenchmarker, tune } from './synthetic.ts'

const [, row] = PROBLEMS as [Problem, Problem]
const key = { ...CONTENDED.key, space: row.spec.fingerprint, tool: '1', driver: '1' }

let lines: string[]
beforeEach(() => {
  lines = []
  resetWarnings()
  vi.spyOn(process.stderr, 'write').mockImplementation((line) => {
    lines.push(String(line))
    return true
  })
})
afterEach(() => vi.restoreAllMocks())

/** A tuning with these versions; what is measured costs as the problem says, or fails. */
async function tuned(cacheDir: string, versions: object, fails?: 'wrong' | Error) {
  const measured: string[] = []
  const cost: Problem['cost'] = (config) => {
    measured.push(config.hash)
    if (fails instanceof Error) throw fails
    return (measured.length === 1 && fails) || row.cost(config)
  }
  const benchmarker = new SyntheticBenchmarker(cost)
  const settings = { autotuneEffort: 'quick', cacheDir } as const
  const { result } = await tune(row, { settings, task: { benchmarker, cacheKey: { ...key, ...versions } } })
  return { result, measured }
}

describe('a stored config', () => {
  it('serves as it is while the versions stay', async () => {
    const folder = temporaryFolder()
    await tuned(folder, {})
    const { result, measured } = await tuned(folder, {})
    expect([result.source, measured]).toEqual(['cache', []])
  })

  it.each(['tool', 'runtime', 'driver'])('is tried once after a change of the %s', async (field) => {
    const folder = temporaryFolder()
    const first = await tuned(folder, {})
    for (const tries of [1, 0]) {
      const { result, measured } = await tuned(folder, { [field]: 'another' })
      expect(result.source).toBe('cache')
      expect(result.config.equals(first.result.config)).toBe(true)
      expect(measured).toEqual(tries === 1 ? [first.result.config.hash] : [])
    }
    expect(lines).toEqual([])
  })

  it('that does not work any more is searched anew, with the reason said', async () => {
    const folder = temporaryFolder()
    const { result: before } = await tuned(folder, {})
    const { result, measured } = await tuned(folder, { driver: '2', tool: '2' }, 'wrong')
    expect(result.source).toBe('search')
    expect(measured[0]).toBe(before.config.hash)
    expect(measured.length).toBeGreaterThan(10)
    expect(lines).toHaveLength(1)
    expect(lines[0]).toContain(
      'of no use after a change (version of helion-aot, driver of the GPU): wrong: synthetic wrong',
    )
    expect((await tuned(folder, { driver: '2', tool: '2' })).measured).toEqual([])
  })

  it('that there is no memory to try serves unchecked, which is said', async () => {
    const folder = temporaryFolder()
    await tuned(folder, {})
    const { result } = await tuned(folder, { driver: '2' }, new GpuError('No GPU memory for 8 bytes more'))
    expect(result.source).toBe('cache')
    expect(lines).toEqual([
      `helion-aot: the cached config of row is used unchecked after a change (driver of the GPU): ` +
        'No GPU memory for 8 bytes more\n',
    ])
  })

  it('is not lost with the device', async () => {
    const folder = temporaryFolder()
    await tuned(folder, {})
    const loss = tuned(folder, { driver: '2' }, new AdapterError('The GPU device is lost'))
    await expect(loss).rejects.toThrow('is lost')
    expect((await tuned(folder, { driver: '2' })).result.source).toBe('cache')
  })
})
