/**
 * What was tried on each shape, and which attempts the process did not survive. A config that was under way
 * when a process ended is a suspect and is tried again later, alone; one that was alone when that happened
 * again is the cause, and is not tried any more.
 */
import type { EndedRecord, TrialRecord, TryingRecord, TurnsRecord } from '../trial_records.ts'

export type AttemptRecord = EndedRecord | TrialRecord | TryingRecord | TurnsRecord

/**
 * How much one end weighs against a config that was alone. Two crashes condemn, of which others may have been
 * there at the first, or three kills.
 */
const WEIGHTS: Readonly<Record<EndedRecord['cause'], number>> = { crash: 3, unknown: 2, other: 0 }
const ENOUGH = 6
/** A crash, or nearly two kills, that a config was alone in. */
const GRAVE = 3
/** So many of its configs may end the process before a shape where nothing works is given up. */
const PATIENCE = 4
/** Ends of the process over configs of a shape after which its best config so far has to do. */
const MAX_ENDS = 8
/** Comparisons in turns that may end the process; then there is none on that shape. */
const MAX_LOST_TURNS = 2

/** One shape of one kernel. */
export class ShapeAttempts {
  /** What a search has found out, by config hash. */
  readonly trials: Map<string, TrialRecord> = new Map()
  readonly #turns = new Map<string, TurnsRecord[]>()
  readonly #weights = new Map<string, number>()
  readonly #crashedAmongOthers = new Set<string>()
  /** Configs that are condemned on any shape of the kernel: one crash is enough for them on others. */
  readonly #condemned: Set<string>
  #how = ''
  #lostTurns = 0
  #ends = 0

  constructor(condemned: Set<string> = new Set()) {
    this.#condemned = condemned
  }

  /** A process ended while these were under way. */
  ended(how: string, cause: EndedRecord['cause'], { config_hashes, in_turns }: TryingRecord): void {
    const weight = WEIGHTS[cause]
    if (weight === 0) return
    this.#how = how
    this.#ends++
    if (in_turns) this.#lostTurns++
    // One that did not end is known to be the cause, and has its result.
    else if (!config_hashes.some((hash) => this.trials.get(hash)?.status === 'timeout'))
      for (const hash of config_hashes) this.#weigh(hash, cause, config_hashes.length === 1)
  }

  #weigh(hash: string, cause: EndedRecord['cause'], isAlone: boolean): void {
    const crashedBefore = this.#crashedAmongOthers.delete(hash) ? WEIGHTS.crash : 0
    const total = (this.#weights.get(hash) ?? 0) + (isAlone ? WEIGHTS[cause] + crashedBefore : 0)
    this.#weights.set(hash, total)
    if (!isAlone && cause === 'crash') this.#crashedAmongOthers.add(hash)
    if (total >= ENOUGH) this.#condemned.add(hash)
  }

  /** Was under way when a process ended. */
  isSuspect(hash: string): boolean {
    return this.#weights.has(hash) || this.#condemned.has(hash)
  }

  /** Why a config is not tried any more. */
  verdict(hash: string): string | undefined {
    return (this.#weights.get(hash) ?? 0) >= (this.#condemned.has(hash) ? GRAVE : ENOUGH)
      ? `the process ended each time when this config was tried (${this.#how})`
      : undefined
  }

  /** Why the shape is not worked on any more, should nothing have worked so far. */
  get hopeless(): string | undefined {
    const grave = [...this.#weights.values()].filter((weight) => weight >= GRAVE).length
    return grave >= PATIENCE
      ? `${grave} configs ended the process or lost the device (${this.#how}), and none worked`
      : undefined
  }

  /** Whether a config surely, or nearly so, ended the process: no place for one of unknown merit. */
  get isLethal(): boolean {
    return [...this.#weights.values()].some((weight) => weight >= GRAVE)
  }

  /** Whether another process is to go on where one ends. */
  get mayGoOn(): boolean {
    return this.#ends < MAX_ENDS
  }

  get mayCompare(): boolean {
    return this.#lostTurns < MAX_LOST_TURNS
  }

  /** Seconds that searches of this shape have taken. */
  get seconds(): number {
    return Math.max(0, ...[...this.trials.values()].map(({ seconds }) => seconds))
  }

  addTurns(record: TurnsRecord): void {
    const key = turnsKey(record.config_hashes)
    this.#turns.set(key, [...(this.#turns.get(key) ?? []), record])
  }

  /** Comparisons of these configs, in the order in which they were made. */
  turnsOf(hashes: readonly string[]): readonly TurnsRecord[] {
    return this.#turns.get(turnsKey(hashes)) ?? []
  }
}

export class Attempts {
  readonly #kernels = new Map<string, { shapes: Map<string, ShapeAttempts>; condemned: Set<string> }>()
  #underWay: TryingRecord | undefined

  /** What was under way at the last line, if anything was. */
  get underWay(): TryingRecord | undefined {
    return this.#underWay
  }

  add(record: AttemptRecord): void {
    switch (record.event) {
      case 'trying':
        this.#underWay = record.config_hashes.length > 0 ? record : undefined
        return
      case 'ended':
        if (this.#underWay) this.shapeOf(this.#underWay).ended(record.how, record.cause, this.#underWay)
        this.#underWay = undefined
        return
      case 'trial':
        this.shapeOf(record).trials.set(record.config_hash, record)
        return
      case 'turns':
        this.shapeOf(record).addTurns(record)
        return
      default:
        record satisfies never
    }
  }

  shapeOf({ kernel, shape_hash }: { readonly kernel: string; readonly shape_hash: string }): ShapeAttempts {
    const known = this.#kernels.get(kernel) ?? { shapes: new Map(), condemned: new Set() }
    this.#kernels.set(kernel, known)
    const shape = known.shapes.get(shape_hash) ?? new ShapeAttempts(known.condemned)
    known.shapes.set(shape_hash, shape)
    return shape
  }

  /** Of another version of the kernel. */
  forget(kernel: string): void {
    this.#kernels.delete(kernel)
  }
}

function turnsKey(hashes: readonly string[]): string {
  return [...hashes].sort().join(' ')
}
