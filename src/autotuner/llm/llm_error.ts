/**
 * A language model could not be asked, or its answer cannot be used. Searches go on without it: that is
 * never a reason to end a tuning.
 */
import { HelionError } from '../../support/errors.ts'

export class LlmError extends HelionError {
  override readonly name = 'LlmError'
}

/** Characters of somebody else's text that a message quotes. */
const MOST_QUOTED = 200

/** Text of a server as part of a message: on one line, short, without control characters. */
export function quoted(text: string): string {
  const short = text.length > MOST_QUOTED ? `${text.slice(0, MOST_QUOTED)}…` : text
  return JSON.stringify(short).replace(/[\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '?')
}
