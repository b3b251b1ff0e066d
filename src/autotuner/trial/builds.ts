/**
 * Programs that are being made of configs: those that are to be measured, several at a time, and, where that
 * harms nobody, a few that are likely to be asked for next. What was begun is never begun again.
 */
import type { Config } from '../../config/config.ts'

export interface BuildOptions {
  /** How many are made at a time. */
  readonly jobs: number
  /** Whether some are made while others run; else as many as there are jobs, and then none. */
  readonly overlaps: boolean
  /** Configs that may be asked for next, the likeliest first. */
  readonly likely: readonly Config[]
  /** Asked before more are made; false ends it. */
  readonly goesOn: () => boolean
  /** Hears of the configs that are to be measured and are being made. */
  readonly onBuilding: (configs: readonly Config[]) => void
}

/** Share of the jobs that what is likely may take: what is wanted must not wait for it. */
const LIKELY_SHARE = 1 / 2
/** Results that nobody asked for are kept, up to so many. */
const MOST_KEPT = 256

export class Builds<Built> {
  readonly #build: (config: Config) => Promise<Built>
  readonly #begun = new Map<string, Promise<Built>>()
  readonly #underWay = new Map<Config, Promise<readonly [Config, Built]>>()
  #ahead = 0

  constructor(build: (config: Config) => Promise<Built>) {
    this.#build = build
  }

  /** Configs that are to be measured and are being made. */
  get building(): readonly Config[] {
    return [...this.#underWay.keys()]
  }

  /** What becomes of the configs, those first that are ready first. Rejects as the building does. */
  async *inTurn(configs: readonly Config[], options: BuildOptions): AsyncGenerator<readonly Built[]> {
    const { overlaps, likely, goesOn } = options
    const waiting = [...configs]
    this.#underWay.clear()
    while (waiting.length > 0 || this.#underWay.size > 0) {
      if (waiting.length < configs.length && !goesOn()) return
      if (overlaps || this.#underWay.size === 0) this.#fill(waiting, options)
      if (waiting.length === 0) this.prepare(likely, Math.floor(options.jobs * LIKELY_SHARE))
      const works = this.#underWay.values()
      const ready = overlaps ? [await Promise.race(works)] : await Promise.all(works)
      for (const [config] of ready) this.#underWay.delete(config)
      if (overlaps && goesOn()) this.#fill(waiting, options)
      yield ready.map(([, built]) => built)
    }
  }

  #fill(waiting: Config[], { jobs, onBuilding }: BuildOptions): void {
    const more = waiting.splice(0, Math.max(0, jobs - this.#underWay.size))
    if (more.length === 0) return
    onBuilding([...this.building, ...more])
    for (const config of more) {
      const work = this.#begin(config).then((built) => {
        this.#begun.delete(config.hash)
        return [config, built] as const
      })
      // Listened to from now on: it may reject while nobody waits for it.
      work.catch(() => {})
      this.#underWay.set(config, work)
    }
  }

  /** Begins those that will be asked for, as long as no more than `most` are being made ahead. */
  prepare(configs: readonly Config[], most: number): void {
    for (const config of configs) {
      if (this.#ahead >= most) return
      if (this.#begun.has(config.hash)) continue
      this.#ahead++
      const done = () => void this.#ahead--
      this.#begin(config).then(done, done)
    }
    for (const hash of [...this.#begun.keys()].slice(0, -MOST_KEPT)) this.#begun.delete(hash)
  }

  #begin(config: Config): Promise<Built> {
    const known = this.#begun.get(config.hash)
    if (known) return known
    const built = this.#build(config)
    this.#begun.set(config.hash, built)
    return built
  }
}
