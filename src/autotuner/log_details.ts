/** What the details of a log say of a search: what it was asked for, and what it found. All plain data. */
import { failureGroups } from '../support/failure_groups.ts'
import { resolveSettings } from '../support/resolve_settings.ts'
import type { Settings } from '../support/settings.ts'
import type { TuningRun } from './tuning_run.ts'
import type { TuningResult, TuningTask } from './tuning_task.ts'

/** Begins, in the names of the table beside it, where it has them. */
export function beginning({ spec, settings, cacheKey }: TuningTask, run: TuningRun): object {
  const { search, effort, seed, options, choices, pinned } = run
  return {
    search: search.name,
    effort,
    seed,
    options,
    configs: choices?.length ?? spec.cardinality,
    space: spec.fingerprint,
    pinned: pinned.map(({ data }) => data),
    settings: changed(settings),
    // Code, arguments, GPU, driver and versions, as far as they are known.
    key: cacheKey ?? null,
  }
}

export function ending(result: TuningResult): object {
  const { config, ms, spread, ended, seconds, generations, defaultMs, candidates } = result
  const failures = failureGroups(candidates).map(({ status, reason, count }) => ({ status, reason, count }))
  return {
    ended,
    seconds,
    generations,
    tested: candidates.length,
    config_id: config.hash,
    config: config.data,
    perf_ms: ms,
    spread,
    default_ms: defaultMs ?? null,
    failures,
  }
}

/** Settings of the search that are not as they come. */
function changed(settings: Settings): object {
  const defaults: Readonly<Record<string, unknown>> = { ...resolveSettings({}, () => undefined) }
  const own = Object.entries(settings).filter(
    ([name, value]) =>
      name.startsWith('autotune') && JSON.stringify(value) !== JSON.stringify(defaults[name]),
  )
  return Object.fromEntries(own)
}
