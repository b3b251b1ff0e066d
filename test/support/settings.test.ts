import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { UsageError } from '../../src/support/errors.ts'
import { LOG_LEVELS } from '../../src/support/log.ts'
import { resolveSettings } from '../../src/support/resolve_settings.ts'
import { SETTINGS, type SettingRow } from '../../src/support/settings_table.ts'
import { temporaryFolder } from '../temporary_folder.ts'

const from = (variables: Record<string, string>) => (name: string) => variables[name]
const none = from({})
const rows = Object.entries(SETTINGS) as [string, SettingRow<unknown>][]

describe('resolveSettings', () => {
  it('takes defaults where nothing is said', () => {
    const settings = resolveSettings({}, none)
    expect(settings).toEqual(Object.fromEntries(rows.map(([name, row]) => [name, row.default])))
    expect(Object.isFrozen(settings)).toBe(true)
  })

  it('searches briefly where there is no Node', async () => {
    expect(SETTINGS.autotuneEffort.default).toBe('full')
    vi.resetModules()
    vi.stubGlobal('process', undefined)
    try {
      const { resolveSettings: inBrowser } = await import('../../src/support/resolve_settings.ts')
      expect(inBrowser().autotuneEffort).toBe('quick')
    } finally {
      vi.unstubAllGlobals()
    }
  })

  it('prefers code over the environment over defaults', () => {
    const variables = from({ HELION_AUTOTUNE_EFFORT: 'quick', HELION_STATIC_SHAPES: '0' })
    expect(resolveSettings({}, variables)).toMatchObject({ autotuneEffort: 'quick', staticShapes: false })
    expect(resolveSettings({ autotuneEffort: 'none' }, variables).autotuneEffort).toBe('none')
  })

  it('reads the environment of the process', () => {
    process.env.HELION_BEST_AVAILABLE_MAX_CONFIGS = '7'
    expect(resolveSettings().autotuneBestAvailableMaxConfigs).toBe(7)
    delete process.env.HELION_BEST_AVAILABLE_MAX_CONFIGS
    expect(resolveSettings().autotuneBestAvailableMaxConfigs).toBe(20)
  })

  it('takes empty text for unset', () => {
    expect(resolveSettings({}, from({ HELION_STATIC_SHAPES: '' })).staticShapes).toBe(true)
  })

  it.each([
    ['HELION_INTERPRET', 'YES', 'refMode', true],
    ['HELION_PRINT_OUTPUT_CODE', 'on', 'printOutputCode', true],
    ['HELION_AUTOTUNE_PROGRESS_BAR', 'No', 'autotuneProgressBar', false],
    ['HELION_AUTOTUNE_EFFORT', 'Full', 'autotuneEffort', 'full'],
    ['HELION_AUTOTUNE_LOG_LEVEL', 'WARNING', 'autotuneLogLevel', 30],
    ['HELION_AUTOTUNE_LOG_LEVEL', '0', 'autotuneLogLevel', 100],
    ['HELION_AUTOTUNE_LOG_LEVEL', '15', 'autotuneLogLevel', 15],
    ['HELION_AUTOTUNE_BUDGET_SECONDS', '2.5', 'autotuneBudgetSeconds', 2.5],
    ['HELION_IGNORE_WARNINGS', 'a, b,,', 'ignoreWarnings', ['a', 'b']],
    ['HELION_AUTOTUNE_CONFIG_OVERRIDES', '{"num_warps": 4}', 'autotuneConfigOverrides', { num_warps: 4 }],
    ['HELION_CACHE_DIR', '/somewhere', 'cacheDir', '/somewhere'],
  ])('reads %s=%s', (variable, text, name, value) => {
    expect(resolveSettings({}, from({ [variable]: text }))).toHaveProperty(name, value)
  })

  it('reads a JSON object from a file', () => {
    const folder = temporaryFolder()
    const path = join(folder, 'overrides.json')
    writeFileSync(path, '{"num_stages": 2}')
    const read = (text: string) => resolveSettings({}, from({ HELION_AUTOTUNE_CONFIG_OVERRIDES: text }))
    expect(read(path).autotuneConfigOverrides).toEqual({ num_stages: 2 })
    expect(() => read(join(folder, 'none.json'))).toThrow('allowed: a JSON object, or the path of a file')
  })

  it.each([
    ['HELION_STATIC_SHAPES', 'maybe', 'allowed: 1, true, yes, on or 0, false, no, off'],
    ['HELION_AUTOTUNE_EFFORT', 'hard', 'allowed: none, quick, full'],
    ['HELION_AUTOTUNE_BEST_OF_K', '0', 'allowed: an integer of at least 1'],
    ['HELION_AUTOTUNE_BEST_OF_K', '1.5', 'allowed: an integer of at least 1'],
    ['HELION_AUTOTUNE_COMPILE_TIMEOUT', ' ', 'allowed: a number of at least 0'],
    ['HELION_AUTOTUNE_RANDOM_SEED', '4294967296', 'allowed: an integer from 0 to 4294967295'],
    [
      'HELION_AUTOTUNE_LOG_LEVEL',
      'loud',
      'allowed: debug, info, warning, error, silent, or a number from 0 (silent) to 100',
    ],
    ['HELION_AUTOTUNE_CONFIG_OVERRIDES', '{', 'allowed: a JSON object, or the path of a file that holds one'],
  ])('refuses %s=%s', (variable, text, allowed) => {
    const resolve = () => resolveSettings({}, from({ [variable]: text }))
    expect(resolve).toThrow(
      new UsageError(`environment variable ${variable} is ${JSON.stringify(text)}; ${allowed}`),
    )
  })

  it('refuses values of the wrong kind in code', () => {
    expect(() => resolveSettings({ autotuneBestOfK: 0 }, none)).toThrow(
      new UsageError('setting autotuneBestOfK is 0; allowed: an integer of at least 1'),
    )
    expect(() => resolveSettings({ autotuneSeedConfigs: [3] as never }, none)).toThrow(
      'allowed: a list of configs',
    )
  })

  it('refuses unknown keys and names similar ones', () => {
    expect(() => resolveSettings({ effort: 'quick' } as never, none)).toThrow(
      new UsageError('unknown setting effort', { remedy: 'Known are autotuneEffort.' }),
    )
    expect(() => resolveSettings({ zzz: 1 } as never, none)).toThrow('Known are staticShapes, refMode')
  })

  it('takes the name of a log level in code, as in the environment', () => {
    for (const [name, level] of Object.entries(LOG_LEVELS))
      expect(resolveSettings({ autotuneLogLevel: name as keyof typeof LOG_LEVELS }, none)).toMatchObject({
        autotuneLogLevel: level,
      })
    expect(resolveSettings({ autotuneLogLevel: 0 }, none).autotuneLogLevel).toBe(LOG_LEVELS.silent)
  })

  it('treats undefined as not said', () => {
    expect(resolveSettings({ staticShapes: undefined } as never, none).staticShapes).toBe(true)
  })
})

describe.each(rows)('setting %s', (_name, row) => {
  it('has a default of its kind, and a sentence', () => {
    expect(row.kind.read(row.default)).toEqual(row.default)
    expect(row.doc).toMatch(/^[A-Z].*\.$/)
    expect(row.env ?? 'HELION_NONE').toMatch(/^HELION_[A-Z_]+$/)
  })
})

/** Text and values of every kind, right and wrong. */
const TEXTS = fc.oneof(
  fc.constantFrom('1', 'yes', 'Off', 'TRUE', 'null', 'Full', 'quick', 'from_random', 'collect', 'Measure'),
  fc.constantFrom('warning', 'SILENT', '{}', '{"num_warps": 4}', '[]', '[{}]', '[3]', 'a, b,,', '/a/folder'),
  fc.integer({ min: -3, max: 200 }).map(String),
  fc.double({ noNaN: true }).map(String),
  fc.string({ minLength: 1 }),
)
const VALUES = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.integer(),
  fc.double(),
  fc.array(fc.stringMatching(/^[a-z]+$/)),
  fc.dictionary(fc.stringMatching(/^[a-z]+$/), fc.integer()),
  fc.array(fc.dictionary(fc.stringMatching(/^[a-z]+$/), fc.integer())),
)

describe.each(rows)('setting %s, in code and as text', (name, row) => {
  const inCode = (value: unknown) => outcome(() => resolveSettings({ [name]: value }, none))
  const asText = (text: string) => outcome(() => ({ [name]: row.kind.read(text) }))
  const outcome = (read: () => object): unknown => {
    try {
      return (read() as Record<string, unknown>)[name]
    } catch (error) {
      expect(error).toBeInstanceOf(UsageError)
      return undefined
    }
  }

  it('is the same for text', () => {
    fc.assert(
      fc.property(TEXTS, (text) => {
        expect(inCode(text)).toEqual(asText(text))
      }),
    )
  })

  it('is the same for a value and its text', () => {
    fc.assert(
      fc.property(VALUES, (value) => {
        const read = inCode(value)
        if (read === undefined || Object.is(value, Number.NaN)) return
        const isList = Array.isArray(value) && typeof value[0] !== 'object'
        const text = typeof value === 'object' && !isList ? JSON.stringify(value) : String(value)
        if (text !== '') expect(asText(text)).toEqual(read)
      }),
    )
  })
})
