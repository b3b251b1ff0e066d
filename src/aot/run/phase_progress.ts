/**
 * How far a phase is, and how long it may still take. Calls wait in the stream while a shape is worked on,
 * so that the shapes ahead are known as far as the program has come; the time left is reckoned from those
 * done.
 */

/** Units of work of shapes: configs to measure, or one for each shape to tune. */
export class PhaseProgress {
  readonly #now: () => number
  readonly #waiting = new Map<string, number>()
  readonly #finished = new Set<string>()
  #unitsDone = 0
  #secondsSpent = 0
  #beganAt: number | undefined

  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** Shapes that the phase has finished or skipped, and those it knows of. */
  get shapesDone(): number {
    return this.#finished.size
  }
  get shapesKnown(): number {
    return this.#finished.size + this.#waiting.size
  }

  /** A shape waits, with so many units of work. */
  announce(shape: string, units = 1): void {
    if (!this.#finished.has(shape)) this.#waiting.set(shape, units)
  }

  begin(): void {
    this.#beganAt = this.#now()
  }

  /** Work on a shape ended, with so many units done since `begin`; seconds that it took. */
  finish(shape: string, units: number): number {
    const seconds = this.#beganAt === undefined ? 0 : (this.#now() - this.#beganAt) / 1000
    this.#beganAt = undefined
    this.#waiting.delete(shape)
    this.#finished.add(shape)
    this.#unitsDone += units
    this.#secondsSpent += seconds
    return seconds
  }

  /** Seconds that the shapes ahead will take, as far as can be told. */
  get secondsLeft(): number | undefined {
    if (this.#unitsDone === 0) return undefined
    let units = 0
    for (const waiting of this.#waiting.values()) units += waiting
    return (units * this.#secondsSpent) / this.#unitsDone
  }

  /** "shape 4 of 7": the one that is worked on. */
  get place(): string {
    return `shape ${this.shapesDone + 1} of ${this.shapesKnown}`
  }

  /** "3 of 7 shapes, about 2 min left". */
  get text(): string {
    const noun = this.shapesKnown === 1 ? 'shape' : 'shapes'
    const count = `${this.shapesDone} of ${this.shapesKnown} ${noun} known so far`
    const left = this.secondsLeft
    return left === undefined || left === 0 ? count : `${count}, about ${formatSeconds(left)} left`
  }
}

/** "8.4 s", "3 min 20 s", "2 h 5 min". */
export function formatSeconds(seconds: number): string {
  if (seconds < 99.5) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`
  const whole = Math.round(seconds)
  const minutes = Math.floor(whole / 60)
  if (minutes < 60) return `${minutes} min ${whole % 60} s`
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}
