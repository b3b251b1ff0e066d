/**
 * Every error this package throws on purpose. Two kinds matter to callers: a `ConfigError` says that one
 * config cannot be built or launched (data for a search), everything else says that somebody must act.
 * A message reads: what happened and with which value, then where, then the way out.
 */

/** A place in a source file. `line` and `column` count from 1. */
export interface SourceLocation {
  /** Path, or URL in browsers. */
  readonly file: string
  /** From 1. */
  readonly line: number
  /** From 1. */
  readonly column: number
}

export interface ErrorDetails {
  /** Where the author or caller wrote the offending code. */
  readonly location?: SourceLocation | undefined
  /** What to do about it, one sentence in the imperative. */
  readonly remedy?: string | undefined
  readonly cause?: unknown
}

/** Exit codes of the command line, stable across versions. */
export const EXIT = {
  done: 0,
  unexpected: 1,
  usage: 2,
  goalMissed: 3,
  noAdapter: 4,
  partial: 5,
} as const

/**
 * Base of all deliberate errors. Parts of the message are getters: runtimes print what an error that nobody
 * catches owns, and would say everything twice.
 */
export class HelionError extends Error {
  override readonly name: string = 'HelionError'
  readonly #what: string
  readonly #location: SourceLocation | undefined
  readonly #remedy: string | undefined

  constructor(what: string, details: ErrorDetails = {}) {
    super(composeMessage(what, details), details.cause === undefined ? {} : { cause: details.cause })
    this.#what = what
    this.#location = details.location
    this.#remedy = details.remedy
  }

  /** What the command line ends with when one escapes. */
  get exitCode(): number {
    return EXIT.unexpected
  }

  /** The message without place and remedy. */
  get what(): string {
    return this.#what
  }

  /** Where the author or caller wrote the offending code. */
  get location(): SourceLocation | undefined {
    return this.#location
  }

  /** What to do about it. */
  get remedy(): string | undefined {
    return this.#remedy
  }
}

/** A mistake in a kernel function; `location` is the author's line. */
export class AuthorError extends HelionError {
  override readonly name = 'AuthorError'
}

/** What a device has a limited amount of, and a config may need too much of. */
export type Resource = 'registers' | 'workgroup bytes' | 'invocations' | 'bindings' | 'lines'

/** How much of what a config needs, and how much there is. */
export interface Excess {
  readonly of: Resource
  readonly needed: number
  readonly limit: number
}

interface ConfigErrorDetails extends ErrorDetails {
  readonly excess?: Excess | undefined
}

/** This config cannot be built or launched for this kernel on this device. Expected during a search. */
export class ConfigError extends HelionError {
  override readonly name = 'ConfigError'
  readonly #excess: Excess | undefined

  constructor(what: string, details: ConfigErrorDetails = {}) {
    super(what, details)
    this.#excess = details.excess
  }

  /** Set where a smaller config would do. */
  get excess(): Excess | undefined {
    return this.#excess
  }
}

/** What is made, or why that config cannot be built. */
export function orRefusal<T>(make: () => T): T | ConfigError {
  try {
    return make()
  } catch (error) {
    if (error instanceof ConfigError) return error
    throw error
  }
}

/** What is made, or undefined where that config cannot be built. */
export function unlessRefused<T>(make: () => T): T | undefined {
  const made = orRefusal(make)
  return made instanceof ConfigError ? undefined : made
}

/** A wrong argument, option, flag or environment variable. */
export class UsageError extends HelionError {
  override readonly name = 'UsageError'

  override get exitCode(): number {
    return EXIT.usage
  }
}

/** No usable WebGPU adapter, or the device was lost. */
export class AdapterError extends HelionError {
  override readonly name = 'AdapterError'

  override get exitCode(): number {
    return EXIT.noAdapter
  }
}

/** The GPU or its compiler refused what we gave it: shader, pipeline or launch. */
export class GpuError extends HelionError {
  override readonly name = 'GpuError'
}

/** A file holds something that cannot be used. */
export class DataError extends HelionError {
  override readonly name = 'DataError'
}

/** A job took longer than it was given. It may still be running on the GPU. */
export class TimeoutError extends HelionError {
  override readonly name = 'TimeoutError'
}

/**
 * The same error with the place of the call behind it, unless it names a place already; one of a full stack
 * becomes an AuthorError, others a GpuError.
 */
export function withLocation(error: unknown, location: SourceLocation | undefined): HelionError {
  if (isStackOverflow(error))
    return new AuthorError('the stack of calls is full', {
      location,
      remedy: 'See whether a function calls itself without end, or what is passed is nested too deep.',
      cause: error,
    })
  if (!(error instanceof HelionError)) return new GpuError(errorMessage(error), { location, cause: error })
  return error.location || !location ? error : withDetails(error, { location, remedy: error.remedy })
}

/** Whether a runtime says that functions called each other too often: Firefox has an InternalError for it. */
export function isStackOverflow(error: unknown): boolean {
  return (
    error instanceof Error && /^(Maximum call stack size exceeded|too much recursion)/.test(error.message)
  )
}

/**
 * The error as one of the place that it names: what is on the stack is the work that was put off, not the
 * call that asked for it. Shown where nobody catches it.
 */
export function fromItsPlace(error: HelionError): HelionError {
  const { location, name, message } = error
  if (location)
    Object.defineProperty(error, 'stack', {
      value: `${name}: ${message}\n    at ${formatLocation(location)}`,
      configurable: true,
      writable: true,
    })
  return error
}

/** The same error with another way out. */
export function withRemedy<E extends HelionError>(error: E, remedy: string): E {
  return withDetails(error, { location: error.location, remedy })
}

function withDetails<E extends HelionError>(error: E, details: ErrorDetails): E {
  const SameKind = error.constructor as new (what: string, details: ConfigErrorDetails) => E
  const excess = error instanceof ConfigError ? error.excess : undefined
  return new SameKind(error.what, { ...details, cause: error.cause, excess })
}

/** "file:line:column", the form that terminals and editors link. */
export function formatLocation(location: SourceLocation): string {
  return `${location.file}:${location.line}:${location.column}`
}

/** The text of anything thrown. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** Marks a branch that the types rule out. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`)
}

function composeMessage(what: string, { location, remedy }: ErrorDetails): string {
  const where = location ? `\n  at ${formatLocation(location)}` : ''
  const way = remedy ? `\n  ${remedy}` : ''
  return `${what}${where}${way}`
}
