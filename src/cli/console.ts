/**
 * Where the command line writes: data to standard output, everything else to standard error, colours if
 * wanted. The one place that knows what to do when one of them cannot be written to: a reader that went away
 * (`| head -1`) is no fault, words that nobody can read are dropped, and data that is lost is said. Names in
 * messages may come from files of anybody: what a terminal would obey is shown as an escape instead.
 */
import pico from 'picocolors'
import type { WorkStatus } from '../aot/run/status_file.ts'
import { EXIT, errorMessage } from '../support/errors.ts'
import { fileError } from '../support/file_errors.ts'
import { StatusLine } from './status_line.ts'
import { StatusReports } from './status_reports.ts'

export interface Console {
  /** Data: the result, help, code. */
  out(text: string): void
  /** Progress and messages. */
  say(text: string): void
  /** What the user's program writes. */
  childOut(chunk: Uint8Array): void
  childError(chunk: Uint8Array): void
  /**
   * What goes on, told as often as one likes; undefined: nothing. In a terminal it is the last line, below
   * all others, which is drawn anew; elsewhere a line now and then.
   */
  status(status: WorkStatus | undefined): void
  /** Waits until all is written. The code to end with: this one, or `unexpected` where data was lost. */
  settled(exitCode: number): Promise<number>
  readonly colors: ReturnType<typeof pico.createColors>
}

/**
 * `NO_COLOR` and `FORCE_COLOR` are honoured; without them a terminal gets colours. With `json`, standard
 * output is kept free for the result.
 */
export function processConsole(json = false): Console {
  const stdout = new Outlet(process.stdout)
  const stderr = new Outlet(process.stderr)
  const line = new StatusLine(process.stderr)
  /** Out of the way of the line that is drawn anew. */
  const above = (outlet: Outlet, output: string | Uint8Array): void => {
    line.erase()
    outlet.write(output)
    line.restore(output)
  }
  let isTold = false
  const say = (text: string): void => above(stderr, `${withoutOrders(text)}\n`)
  const data = process.stdout.isTTY ? withoutOrders : (text: string): string => text
  const status = process.stderr.isTTY ? line : new StatusReports(say)
  return {
    out: (text) => above(stdout, data(text.endsWith('\n') ? text : `${text}\n`)),
    say,
    childOut: (chunk) => above(json ? stderr : stdout, chunk),
    childError: (chunk) => above(stderr, chunk),
    status: (latest) => status.show(latest),
    async settled(exitCode) {
      const fault = await stdout.flushed()
      if (fault !== undefined && !isTold) {
        say(`helion-aot: ${lostOutput(fault)}`)
        isTold = true
      }
      await stderr.flushed()
      const isResult = exitCode === EXIT.done || exitCode === EXIT.goalMissed || exitCode === EXIT.partial
      return fault !== undefined && isResult ? EXIT.unexpected : exitCode
    },
    colors: pico.createColors(wantsColors()),
  }
}

/** A stream that is written to as long as that works. */
class Outlet {
  readonly #stream: NodeJS.WriteStream
  #isUsed = false
  #isClosed = false
  #fault: unknown

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream
    stream.on('error', (error) => this.#failed(error))
  }

  write(chunk: string | Uint8Array): void {
    if (this.#isClosed) return
    this.#isUsed = true
    try {
      this.#stream.write(chunk)
    } catch (error) {
      this.#failed(error)
    }
  }

  /** Why something is lost; undefined when nothing is, or when the reader went away. */
  async flushed(): Promise<unknown> {
    if (this.#isUsed && !this.#isClosed)
      await new Promise<void>((resolve) => {
        this.#stream.write('', () => resolve())
      })
    return this.#fault
  }

  #failed(error: unknown): void {
    this.#isClosed = true
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') this.#fault ??= error
  }
}

/** A character that is none to be seen, with what makes it a colour. */
const ORDERS = /\p{Cc}(?:\[[\d;]*m)?/gu
const ESCAPE = '\u001b'

/** Text that a terminal shows as it is: of all orders only colours are left. */
function withoutOrders(text: string): string {
  return text.replace(ORDERS, (order) => {
    const [first = ''] = order
    if (first === '\n' || first === '\t' || (first === ESCAPE && order.length > 1)) return order
    return `\\u${first.charCodeAt(0).toString(16).padStart(4, '0')}${order.slice(1)}`
  })
}

function lostOutput(fault: unknown): string {
  return (
    fileError(fault, 'standard output')?.message ?? `cannot write standard output: ${errorMessage(fault)}`
  )
}

function wantsColors(): boolean {
  const { NO_COLOR, FORCE_COLOR } = process.env
  if (NO_COLOR) return false
  return Boolean(FORCE_COLOR) || process.stderr.isTTY === true
}
