/**
 * The folder for the files of one run of all tests. It is removed at the very end, when no process of a test
 * is left that might still write to it.
 */
import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Makes the folder, and answers with what removes it. */
export default function setUp(): () => void {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'helion_aot_test_')))
  process.env.HELION_TEST_FOLDER = root
  return () => rmSync(root, { recursive: true, force: true })
}
