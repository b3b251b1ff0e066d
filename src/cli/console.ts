/**
 * Where the command line writes: data to standard output, everything else to standard error, colours if
 * wanted.
 */
import pico from 'picocolors'

export interface Console {
  /** Data: the result, help, code. */
  out(text: string): void
  /** Progress and messages. */
  say(text: string): void
  /** What the user's program writes. */
  childOut(chunk: Uint8Array): void
  childError(chunk: Uint8Array): void
  readonly colors: ReturnType<typeof pico.createColors>
}

/**
 * `NO_COLOR` and `FORCE_COLOR` are honoured; without them a terminal gets colours. With `json`, standard
 * output is kept free for the result.
 */
export function processConsole(json = false): Console {
  return {
    out: (text) => void process.stdout.write(text.endsWith('\n') ? text : `${text}\n`),
    say: (text) => void process.stderr.write(`${text}\n`),
    childOut: (chunk) => void (json ? process.stderr : process.stdout).write(chunk),
    childError: (chunk) => void process.stderr.write(chunk),
    colors: pico.createColors(wantsColors()),
  }
}

function wantsColors(): boolean {
  const { NO_COLOR, FORCE_COLOR } = process.env
  if (NO_COLOR) return false
  return Boolean(FORCE_COLOR) || process.stderr.isTTY === true
}
