/**
 * What a program under the command line tells it while it works: a few lines in a small file whose name it
 * was given, because shells and npx between them close pipes. The latest ones replace those before. Node
 * only.
 */
import { readText, writeText } from '../../support/files.ts'
import { environment } from '../../support/node.ts'
import { oneLine } from '../../support/one_line.ts'

/** Set by the command line: the file. */
export const STATUS_FILE = 'HELION_AOT_STATUS_FILE'

export interface WorkStatus {
  /** What is worked on. */
  readonly work: string
  /** How far that is. */
  readonly state: string
}

/** Progress, or how it was cut short. */
export type Told = WorkStatus | { readonly endedEarly: string }

export function tellStatus(work: string, state: string): void {
  tell(work, state)
}

/** Says why the program ends before its work is done; in place of what it told of that. */
export function tellEarlyEnd(why: string): void {
  tell('', '', why)
}

/** Replaces what was told; nothing without a command line, or where it cannot be written. */
function tell(...lines: readonly string[]): void {
  const file = environment(STATUS_FILE)
  if (!file) return
  try {
    writeText(file, `${lines.map(oneLine).join('\n')}\n`)
  } catch {
    // The work does not depend on it.
  }
}

/** Undefined when nothing was told yet, or while it is being written. */
export function readTold(file: string): Told | undefined {
  try {
    const [work = '', state = '', endedEarly = ''] = readText(file).split('\n')
    if (endedEarly !== '') return { endedEarly }
    return work === '' ? undefined : { work, state }
  } catch {
    return undefined
  }
}
