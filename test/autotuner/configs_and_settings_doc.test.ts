/** The pages for users say what the tables in the code say. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { ALL_SEARCHES } from '../../src/autotuner/all_searches.ts'
import { TOKEN_VARIABLE } from '../../src/autotuner/cache/http_cache.ts'
import { CA_VARIABLES, KEY_VARIABLE } from '../../src/autotuner/llm/endpoint.ts'
import { EXTRA_VARIABLES } from '../../src/autotuner/llm/extras.ts'
import { PROVIDERS } from '../../src/autotuner/llm/providers.ts'
import { COMMON_OPTIONS, type OptionRow } from '../../src/autotuner/search/search.ts'
import { EFFORT_PROFILES } from '../../src/autotuner/search/session/effort_profiles.ts'
import { LOG_COLUMNS } from '../../src/autotuner/trial_log.ts'
import { Config } from '../../src/config/config.ts'
import { ACTING_ROWS, FIELDS } from '../../src/config/fields.ts'
import { INERT_FIELDS } from '../../src/config/inert_fields.ts'
import { INDEXINGS, MMAS } from '../../src/config/modes.ts'
import { printValue } from '../../src/config/value.ts'
import { BOOLEAN } from '../../src/support/setting_kinds.ts'
import { SETTINGS } from '../../src/support/settings_table.ts'

const [settingsPage, searchesPage] = ['configs_and_settings', 'searches'].map((page) =>
  readFileSync(new URL(`../../docs/${page}.md`, import.meta.url), 'utf8'),
) as [string, string]
const both = settingsPage + searchesPage
const lines = both.split('\n')

function split(line: string): string[] {
  return line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim())
}

function cellsOf({ quick, full, kind, doc }: OptionRow<unknown>): string[] {
  return [String(quick), String(full), kind.allowed === BOOLEAN.allowed ? 'yes or no' : kind.allowed, doc]
}

/** The cells of the options of a search, by option. */
function optionsOf(search: string): Map<string, string[]> {
  const first = lines.findIndex((line) => line.startsWith(`| ${search} |`)) + 1
  const count = lines.slice(first).findIndex((line) => !line.startsWith('| | `'))
  return new Map(
    lines.slice(first, first + count).map((line) => [split(line)[1] ?? '', split(line).slice(2)]),
  )
}

/** The cells of the table row that starts with `name`. */
function cells(name: string): string[] {
  const rows = lines
    .filter((line) => line.startsWith('|'))
    .map(split)
    .filter((row) => row[0]?.startsWith(`\`${name}\``))
  expect(rows).toHaveLength(1)
  return rows[0] ?? []
}

describe('docs/configs_and_settings.md and docs/searches.md', () => {
  it.each([...ACTING_ROWS])('describes the field %s', (name, row) => {
    const computed: Record<string, string> = { block_sizes: 'see below', loop_orders: 'as written' }
    expect(cells(name)).toEqual([
      `\`${name}\`${row.fitted ? ' ↧' : ''}`,
      row.doc,
      row.per === 'kernel' ? '(one value)' : row.per,
      row.entry.allowed,
      computed[name] ?? printValue(row.default),
    ])
  })

  it('and editors say of each field what its row says', () => {
    const source = readFileSync(new URL('../../src/config/fields.ts', import.meta.url), 'utf8')
    const comments = [...source.matchAll(/\/\*\*([^/]*?)\*\/\n {2}readonly (\w+):/g)].map(
      ([, text = '', name]) => [name, text.replace(/\s+(\* )?/g, ' ').trim()],
    )
    expect(comments).toEqual([...ACTING_ROWS].map(([name, { doc }]) => [name, `${doc}.`]))
  })

  it.each(Object.entries(INERT_FIELDS))('describes the field %s without a meaning', (name, row) => {
    expect(cells(name).slice(1)).toEqual([row.entry.allowed, row.reason])
  })

  it.each(Object.entries(SETTINGS))('describes the setting %s', (name, row) => {
    expect(cells(name).slice(1)).toEqual([
      row.env ? `\`${row.env}\`` : '–',
      JSON.stringify(row.default),
      (row.kind as unknown) === BOOLEAN ? 'yes or no' : row.kind.allowed,
      row.doc,
    ])
  })

  it.each(ALL_SEARCHES.map((search) => [search.name, search] as const))('describes %s', (name, search) => {
    expect(lines).toContain(`| ${name} | | | | | ${search.doc} |`)
    const expected = Object.entries(search.options).map(([option, row]) => [`\`${option}\``, cellsOf(row)])
    expect([...optionsOf(name)]).toEqual(expected)
  })

  it.each(Object.entries(COMMON_OPTIONS))('describes the option %s of all searches', (option, row) => {
    expect(cells(option).slice(1)).toEqual(cellsOf(row))
  })

  it('describes the efforts', () => {
    const { quick, full } = EFFORT_PROFILES
    const shares = [quick, full].map(({ reserve }) => `${reserve * 100} %`).join(' | ')
    expect(lines).toContain(`| share of the budget kept for the end | ${shares} |`)
  })

  it('names no field, setting or variable that does not exist', () => {
    const known = new Set([
      TOKEN_VARIABLE,
      ...Object.keys(FIELDS),
      ...Object.entries(SETTINGS).flatMap(([name, { env }]) => [name, env ?? name]),
      ...[COMMON_OPTIONS, ...ALL_SEARCHES.map(({ options }) => options)].flatMap((table) =>
        Object.keys(table),
      ),
      ...[KEY_VARIABLE, ...CA_VARIABLES, ...EXTRA_VARIABLES],
      ...PROVIDERS.flatMap(({ keyVariables, baseVariables }) => [...keyVariables, ...baseVariables]),
      ...LOG_COLUMNS,
    ])
    const rows = lines.filter((line) => line.startsWith('|')).join('\n')
    const named = [...rows.matchAll(/`([A-Za-z_]+)`/g)].map(([, name]) => name ?? '')
    const values: readonly string[] = ['null', ...INDEXINGS, ...MMAS]
    expect(named.filter((name) => !known.has(name) && !values.includes(name))).toEqual([])
    expect([...both.matchAll(/HELION_[A-Z_]+/g)].filter(([name]) => !known.has(name))).toEqual([])
  })

  it.each(LOG_COLUMNS)('describes the column %s of the log of trials', (column) => {
    expect(searchesPage).toMatch(new RegExp(`^\\| (\`\\w+\`, )*\`${column}\`.* \\|`, 'm'))
  })

  it('prints a config as the example says', () => {
    const [, source] = /const best = (new Config\(.*\))/.exec(settingsPage) ?? []
    const best = new Function('Config', `return ${source}`)(Config) as Config
    expect(settingsPage).toContain(`console.log(String(best)) // ${best}`)
  })
})
