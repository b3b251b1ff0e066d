/**
 * What a language model is told of the results so far: the state of the search, the best configs whole, more
 * of them by what they change, what the best have in common, failures with their reasons, and what to do
 * next.
 */
import type { Config } from '../../config/config.ts'
import { type ConfigValue, printValue, sameValue } from '../../config/value.ts'
import { formatMs } from '../progress.ts'
import type { Candidate, History } from '../search/history.ts'
import type { ConfigGeneration } from '../search/session/config_generation.ts'

const ANCHORS = 2
const RESULTS = 12
const PATTERN_OF = 5
const FAILURES = 5
const FIELDS_PER_ROW = 6
/** Characters of a reason. */
const MOST_REASON = 140
/** From this share of failures on, safety comes first. */
const MANY_FAILURES = 1 / 3

export function describeResults(history: History, generation: ConfigGeneration): string {
  const { ranked } = history
  const standard = generation.defaultConfig()
  const row = (config: Config) => changes(config, standard)
  const parts = [
    state(history, standard),
    section(
      'Best configs',
      ranked.slice(0, ANCHORS).map(({ config, ms }) => `${formatMs(ms)}: ${asJson(config)}`),
    ),
    section(
      'Results, as changes of the default',
      ranked.slice(0, RESULTS).map(({ config, ms }) => `${formatMs(ms)}: ${row(config)}`),
    ),
    section('The best have in common', patterns(ranked.slice(0, PATTERN_OF))),
    section('Failed', failures(history, row)),
    `Next: ${advice(history)}`,
  ]
  return parts.filter(Boolean).join('\n\n')
}

function state(history: History, standard: Config): string {
  const { best, all, ranked } = history
  const defaultMs = history.get(standard)?.ms ?? Number.POSITIVE_INFINITY
  const counts = `${all.length} configs measured, ${all.length - ranked.length} of them failed`
  if (!best) return `State: ${counts}; none works so far.`
  const ofDefault = Number.isFinite(defaultMs)
    ? `the default takes ${formatMs(defaultMs)}`
    : 'the default fails'
  return `State: ${counts}; the best takes ${formatMs(best.ms)}, ${ofDefault}.`
}

function section(title: string, lines: readonly string[]): string {
  return lines.length > 0 ? `${title}:\n${lines.map((line) => `- ${line}`).join('\n')}` : ''
}

/** Fields in which a config differs from the default. */
function changes(config: Config, standard: Config): string {
  const changed = Object.entries(config.data).filter(
    ([name, value]) => !sameValue(value, standard.data[name] ?? null),
  )
  const shown = changed.slice(0, FIELDS_PER_ROW).map(([name, value]) => `${name}: ${printValue(value)}`)
  const more = changed.length - shown.length
  return [...shown, ...(more > 0 ? [`${more} more`] : [])].join(', ') || 'nothing'
}

/** Fields with one value in all of them. */
function patterns(best: readonly Candidate[]): readonly string[] {
  const [first, ...others] = best.map(({ config }) => config.data)
  if (!first || others.length === 0) return []
  const shared = Object.entries(first).filter(([name, value]: [string, ConfigValue]) =>
    others.every((data) => sameValue(data[name] ?? null, value)),
  )
  return shared.slice(0, FIELDS_PER_ROW).map(([name, value]) => `${name}: ${printValue(value)}`)
}

function failures({ all }: History, row: (config: Config) => string): readonly string[] {
  const failed = all.filter(({ ms }) => !Number.isFinite(ms))
  return failed
    .slice(-FAILURES)
    .map(({ config, status, reason }) => `${status}, ${firstLine(reason)}: ${row(config)}`)
}

/** Of a reason only what it is: places in files stay here. */
function firstLine(reason = 'no reason known'): string {
  return (reason.split('\n')[0] ?? '').slice(0, MOST_REASON)
}

function advice({ all, ranked }: History): string {
  if ((all.length - ranked.length) / Math.max(1, all.length) >= MANY_FAILURES)
    return 'many fail. Stay near configs that work, and make tiles or workgroups smaller.'
  return 'change the best configs in one or two fields each, and try a few that are quite different.'
}

/** A config as the model should write it. */
export function asJson(config: Config): string {
  return JSON.stringify(config.data)
}
