/** Folders for the files of tests. */
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'

/** A new folder; removed when all tests are done. */
export function temporaryFolder(): string {
  const { HELION_TEST_FOLDER: root } = process.env
  if (!root) throw new Error('test/folder_of_run.ts has not run')
  return mkdtempSync(join(root, 'folder_'))
}
