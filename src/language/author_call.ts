/**
 * Calls of the author's into the language. Everything that one of them makes comes from its line: the caller
 * is remembered when a call begins, because finding it from deep inside costs more than the rest of the
 * tracing.
 */
import { callerOf } from '../support/call_site.ts'
import { openTrace } from './trace.ts'

type Call<This, Args extends unknown[], Result> = (this: This, ...args: Args) => Result

/** `call` for authors: outermost, it tells the trace where it was called. */
export function authorCall<This, Args extends unknown[], Result>(
  call: Call<This, Args, Result>,
): Call<This, Args, Result> {
  return function entry(this: This, ...args: Args): Result {
    const trace = openTrace()
    if (!trace || trace.isCalled) return call.apply(this, args)
    return trace.during(callerOf(entry), () => call.apply(this, args))
  }
}

/** Makes methods and getters of a class calls of the author's. */
export function areAuthorCalls<Class extends object>(
  prototype: Class,
  names: readonly (keyof Class & string)[],
): void {
  for (const name of names) {
    const { get, value, ...rest } = Object.getOwnPropertyDescriptor(prototype, name) ?? {}
    if (get) Object.defineProperty(prototype, name, { ...rest, get: authorCall(get) })
    else Object.defineProperty(prototype, name, { ...rest, value: authorCall(value) })
  }
}
