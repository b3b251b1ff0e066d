/**
 * Finds the line of the user's code that called into this package. Every public function is an entry: the
 * frame above the outermost one on the stack is the user's, however files are laid out, bundled or mapped.
 * V8 and JavaScriptCore leave out the frames below a function when asked; elsewhere an entry notes its stack.
 */
import { HelionError, isStackOverflow, type SourceLocation, withLocation } from './errors.ts'
import { placesIn } from './stack_text.ts'

// biome-ignore lint/suspicious/noExplicitAny: the types of parameters do not matter here.
type AnyFunction = (this: any, ...args: any[]) => unknown

/** A call of the user's that has not returned. */
interface Call {
  readonly entry: AnyFunction | undefined
  /** Its place as noted at its begin. */
  readonly noted: (() => SourceLocation | undefined) | undefined
  /** Its place, once somebody has asked. */
  found: { readonly place: SourceLocation | undefined } | undefined
}

/** Between an entry and the user's code may be functions of JavaScript's, such as `Array.prototype.map`. */
const FRAMES = 4

let present: Call | undefined

/**
 * `call` for users: while it runs, `callSite` is where they called it, and errors get that place. Noting the
 * place at the begin costs microseconds, finding it later some more for each function in between: say `noted`
 * where every call is asked.
 */
export function entryPoint<Public extends AnyFunction>(call: Public, when?: 'noted'): Public {
  function entry(this: unknown, ...args: unknown[]): unknown {
    if (present) return call.apply(this, args)
    const noted = canFindCallers() ? when && callerOf(entry, 1) : secondPlace(new Error())
    const own: Call = { entry, noted, found: undefined }
    // Within `try` no call is a tail call, for which JavaScriptCore would take this frame off the stack.
    try {
      return during(own, () => call.apply(this, args))
    } catch (error) {
      throw error instanceof HelionError || isStackOverflow(error)
        ? asSeenFrom(entry, withLocation(error, during(own, callSite)))
        : error
    }
  }
  return entry as Public
}

/** Deliberate errors whose stacks begin in the user's code. */
const seen = new WeakSet<HelionError>()

/** The error with a stack that begins where the user called the innermost entry: what follows is ours. */
function asSeenFrom(entry: AnyFunction, error: HelionError): HelionError {
  if (!seen.has(error) && canFindCallers()) Error.captureStackTrace(error, entry)
  seen.add(error)
  return error
}

/** Makes methods and getters of a class entries. */
export function areEntryPoints<Class extends object>(
  prototype: Class,
  names: readonly (keyof Class & (string | symbol))[],
  when?: 'noted',
): void {
  for (const name of names) {
    const { get, value, ...rest } = Object.getOwnPropertyDescriptor(prototype, name) ?? {}
    if (get) Object.defineProperty(prototype, name, { ...rest, get: entryPoint(get, when) })
    else Object.defineProperty(prototype, name, { ...rest, value: entryPoint(value, when) })
  }
}

/** Runs a function of the user's: its calls of this package are entries again. */
export function userCode<T>(body: () => T): T {
  return during(undefined, body)
}

/** Runs `body` as part of an earlier call of the user's, from `place`. */
export function calledFrom<T>(place: SourceLocation | undefined, body: () => T): T {
  return during({ entry: undefined, noted: undefined, found: { place } }, body)
}

/** Where the user called; undefined outside of entries. Worked out once per call. */
export function callSite(): SourceLocation | undefined {
  if (!present) return undefined
  const { entry, noted } = present
  present.found ??= { place: noted?.() ?? callerOf(entry, FRAMES)() }
  return present.found.place
}

/** The same, worked out only when asked for: far cheaper where nobody does. */
export function lazyCallSite(): () => SourceLocation | undefined {
  if (!present) return () => undefined
  const { entry, noted, found } = present
  return found ? () => found.place : (noted ?? callerOf(entry, FRAMES))
}

function during<T>(call: Call | undefined, body: () => T): T {
  const outer = present
  present = call
  try {
    return body()
  } finally {
    present = outer
  }
}

function canFindCallers(): boolean {
  return typeof Error.captureStackTrace === 'function'
}

/** The first place among the frames above `entry`, which is on the stack. */
function callerOf(entry: AnyFunction | undefined, frames: number): () => SourceLocation | undefined {
  if (!canFindCallers()) return () => undefined
  const here: { readonly stack?: unknown } = {}
  const limit = Error.stackTraceLimit
  // Fails without an error where the globals are frozen.
  Reflect.set(Error, 'stackTraceLimit', frames)
  Error.captureStackTrace(here, entry)
  Reflect.set(Error, 'stackTraceLimit', limit)
  return () => placesIn(here.stack)[0]
}

/** The caller of the function that made this error. */
function secondPlace(here: Error): () => SourceLocation | undefined {
  return () => placesIn(here.stack)[1]
}
