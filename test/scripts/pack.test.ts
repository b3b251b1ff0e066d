/** scripts/pack.js: folders that a package cannot be packed into are told in a sentence. */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { temporaryFolder } from '../temporary_folder.ts'

const SCRIPT = fileURLToPath(new URL('../../scripts/pack.js', import.meta.url))

it('needs a folder that is there', () => {
  const file = join(temporaryFolder(), 'file')
  writeFileSync(file, '')
  const absent = join(file, 'absent')
  expect(pack()).toEqual([
    2,
    'pack.js: which folder the package is packed into is missing: node scripts/pack.js FOLDER\n',
  ])
  for (const folder of [file, absent, `${file}s`])
    expect(pack(folder)).toEqual([2, `pack.js: ${folder} is no folder; make it first\n`])
})

function pack(...args: readonly string[]): readonly [number | null, string] {
  const env = { ...process.env, HELION_PACKED: '' }
  const { status, stderr } = spawnSync(process.execPath, [SCRIPT, ...args], { encoding: 'utf8', env })
  return [status, stderr]
}
