/** A log that cannot be written costs one message, and nobody waits for it. */
import { execFileSync } from 'node:child_process'
import fs, { symlinkSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import { afterEach, expect, it, vi } from 'vitest'
import { PhaseLog } from '../../src/cli/phase_log.ts'
import { refuses } from '../disk_refusal.ts'
import { temporaryFolder } from '../temporary_folder.ts'
import { recordedConsole } from './recorded_console.ts'

afterEach(() => {
  vi.restoreAllMocks()
  syncBuiltinESMExports()
})

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

it('a disk that is full', () => {
  const path = join(temporaryFolder(), 'collect.log')
  const written = recordedConsole()
  const log = new PhaseLog(path, written.console)
  vi.spyOn(fs, 'writeSync').mockImplementation(() => refuses('ENOSPC', 'write'))
  syncBuiltinESMExports()
  log.write('one')
  log.write('two')
  log.close()
  expect(written.err).toMatch(/^helion-aot: the log ends here: cannot write .*: the disk is full\n/)
  expect(written.err.match(/the log ends here/g)).toHaveLength(1)
})
