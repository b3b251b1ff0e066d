/**
 * Errors of work that nobody was waiting for when it failed. The next read or sync takes them; those still
 * there when the Node process ends are printed, once, and make its exit code that of the first.
 */
import { type ErrorDetails, formatLocation, type HelionError } from '../../support/errors.ts'
import { nodeProcess } from '../../support/node.ts'

const MAX_LISTED = 5
/** Ledgers that hold errors: what to print at exit. */
const UNREAD = new Set<ErrorLedger>()
let hooked = false

interface Entry {
  readonly error: HelionError
  repeats: number
}

export class ErrorLedger {
  /** By what happened; the first error of each kind and how often it came again. */
  readonly #entries = new Map<string, Entry>()

  add(error: HelionError): void {
    const known = this.#entries.get(error.what)
    if (known) known.repeats++
    else this.#entries.set(error.what, { error, repeats: 0 })
    UNREAD.add(this)
    hookExit()
  }

  /** Forgets an error that has been thrown by other ways. */
  remove(error: HelionError): void {
    this.#entries.delete(error.what)
    if (this.#entries.size === 0) UNREAD.delete(this)
  }

  /** All errors as one, which are forgotten with this; `undefined` for none. */
  take(): HelionError | undefined {
    const entries = [...this.#entries.values()]
    this.#entries.clear()
    UNREAD.delete(this)
    return merge(entries)
  }
}

/** The first error, with the others named in its message. */
function merge([first, ...others]: readonly Entry[]): HelionError | undefined {
  if (!first || (others.length === 0 && first.repeats === 0)) return first?.error
  const lines = others.slice(0, MAX_LISTED).map(({ error, repeats }) => `${oneLine(error)}${times(repeats)}`)
  if (first.repeats > 0) lines.unshift(`the same error${times(first.repeats - 1)}`)
  const rest = others.length - MAX_LISTED
  if (rest > 0) lines.push(`… and ${rest} more`)
  const SameKind = first.error.constructor as new (what: string, details: ErrorDetails) => HelionError
  const { what, location, remedy } = first.error
  const cause = new AggregateError([first, ...others].map(({ error }) => error))
  const message = `${what}\nLater calls failed too:\n  ${lines.join('\n  ')}`
  return new SameKind(message, { location, remedy, cause })
}

function oneLine(error: HelionError): string {
  const where = error.location ? ` (${formatLocation(error.location)})` : ''
  return `${error.what.split('\n')[0]}${where}`
}

function times(repeats: number): string {
  return repeats > 0 ? `, ${repeats + 1} times` : ''
}

function hookExit(): void {
  if (hooked || !nodeProcess) return
  hooked = true
  nodeProcess.on('exit', (code) => {
    const ledgers = [...UNREAD]
    for (const ledger of ledgers) {
      const error = ledger.take()
      if (!error || !nodeProcess) continue
      nodeProcess.stderr.write(`${error.name} that no data() or sync() waited for: ${error.message}\n`)
      if (!code) nodeProcess.exitCode = nodeProcess.exitCode || error.exitCode
    }
  })
}
