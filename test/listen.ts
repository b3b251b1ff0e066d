/** What is said on stderr. */
import { vi } from 'vitest'
import { resetWarnings } from '../src/support/log.ts'

export interface Heard {
  /** Each write. */
  readonly lines: readonly string[]
  readonly text: string
}

/** Text on stderr since the call; warnings count as new. `vi.restoreAllMocks()` ends it. */
export function listen(): Heard {
  resetWarnings()
  const lines: string[] = []
  const spy = vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => {
    lines.push(String(chunk))
    return true
  })
  spy.mockClear()
  return {
    lines,
    get text() {
      return lines.join('')
    },
  }
}
