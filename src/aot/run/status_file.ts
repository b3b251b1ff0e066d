/**
 * What a program under the command line tells it while it works: one line in a small file whose name it was
 * given, because shells and npx between them close pipes. The latest line replaces the one before. Node only.
 */
import { writeText } from '../../support/files.ts'
import { environment } from '../../support/node.ts'
import { oneLine } from '../../support/one_line.ts'

/** Set by the command line: the file. */
export const STATUS_FILE = 'HELION_AOT_STATUS_FILE'

/** Replaces the line; nothing without a command line, or where it cannot be written. */
export function tellStatus(text: string): void {
  const file = environment(STATUS_FILE)
  if (!file) return
  try {
    writeText(file, `${oneLine(text)}\n`)
  } catch {
    // The work does not depend on it.
  }
}
