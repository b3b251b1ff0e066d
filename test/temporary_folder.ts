/** Folders for the files of tests. */
import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'

// Registered where the file is loaded: within a test it would be too late.
const root = realpathSync(mkdtempSync(join(tmpdir(), 'helion_aot_test_')))
afterAll(() => rmSync(root, { recursive: true, force: true }))

/** A new folder; removed when the tests of the file are done. */
export function temporaryFolder(): string {
  return mkdtempSync(join(root, 'folder_'))
}
