/**
 * Lines that Dawn writes to standard error at every start and that say nothing to anybody: they are left out
 * of what is passed on, and stay in the log.
 */

const NOISE = /^Warning: max\w+ artificially reduced from \d+ to \d+ [^\n]*\n/
const START = 'Warning: max'
const NEWLINE = 10

export class DriverNoise {
  /** The beginning of a line that may become noise. */
  #held: Buffer = Buffer.alloc(0)

  /** What of a chunk is to be passed on now. */
  pass(chunk: Buffer): Buffer {
    const bytes = Buffer.concat([this.#held, chunk])
    const end = bytes.lastIndexOf(NEWLINE) + 1
    const rest = bytes.subarray(end)
    const mayBeNoise = mayBegin(rest.toString('latin1'))
    this.#held = mayBeNoise ? rest : Buffer.alloc(0)
    const lines = bytes
      .subarray(0, end)
      .toString('latin1')
      .split(/(?<=\n)/)
    const kept = lines.filter((line) => !NOISE.test(line)).join('')
    return Buffer.concat([Buffer.from(kept, 'latin1'), mayBeNoise ? Buffer.alloc(0) : rest])
  }

  /** What was held back, at the end. */
  rest(): Buffer {
    return this.#held
  }
}

function mayBegin(text: string): boolean {
  return text !== '' && (START.startsWith(text) || text.startsWith(START))
}
