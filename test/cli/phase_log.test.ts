/** A log that cannot be written costs one message, and nobody waits for it. */
import { execFileSync } from 'node:child_process'
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { PhaseLog } from '../../src/cli/phase_log.ts'
import { temporaryFolder } from '../temporary_folder.ts'
import { recordedConsole } from './recorded_console.ts'

it.each([
  ['a pipe', (path: string) => void execFileSync('sh', ['-c', 'mkfifo "$0"', path])],
  ['a device', (path: string) => symlinkSync('/dev/full', path)],
])('%s where the log belongs', (what, make) => {
  const path = join(temporaryFolder(), 'collect.log')
  make(path)
  const written = recordedConsole()
  const log = new PhaseLog(path, written.console)
  log.write('one')
  log.write('two')
  log.close()
  expect(written.err).toBe(
    `helion-aot: the log ends here: cannot write ${path}: ${what} is there where a file belongs\n` +
      '  Remove or rename it.\n',
  )
})
