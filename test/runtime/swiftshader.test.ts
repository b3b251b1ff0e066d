/**
 * The embedded software adapter: unpacked once, repaired when damaged, safe against others unpacking it too.
 */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { findArchive, unpackAdapter } from '../../src/runtime/adapter/swiftshader.ts'
import { temporaryFolder } from '../temporary_folder.ts'
import { rejection } from './gpu.ts'

const CHILD = join(import.meta.dirname, 'children', 'unpack.ts')

let archive: string
let home: string
let parent: string
let count = 0

beforeAll(() => {
  const found = findArchive()
  if ('missing' in found) throw new Error(`these tests need the embedded adapter: ${found.missing}`)
  archive = found.path
  home = temporaryFolder()
})

beforeEach(() => {
  parent = join(home, String(++count))
})

it('comes from a version for every supported Node: package managers leave out others in silence', () => {
  const read = (folder: string): PackageFile =>
    JSON.parse(readFileSync(join(import.meta.dirname, '../..', folder, 'package.json'), 'utf8'))
  const adapter = read('node_modules/@sparticuz/chromium')
  const own = read('.')
  // Exactly this one: a minor version later, it asks for a newer Node.
  expect(own.optionalDependencies?.['@sparticuz/chromium']).toBe(adapter.version)
  const least = ({ engines }: PackageFile): number => Number.parseFloat(engines?.node?.slice(2) ?? '')
  expect(least(adapter)).toBeLessThanOrEqual(least(own))
})

interface PackageFile {
  readonly version: string
  readonly engines?: { readonly node?: string }
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

describe('unpackAdapter', () => {
  it('unpacks loader, driver and driver file, and leaves nothing else behind', async () => {
    const { folder, loader, icd } = await unpackAdapter(archive, [parent])
    expect(readdirSync(parent)).toHaveLength(1)
    expect(readdirSync(folder).sort()).toEqual([
      'libvk_swiftshader.so',
      'libvulkan.so.1',
      'manifest.json',
      'vk_swiftshader_icd.json',
    ])
    expect(statSync(loader).size).toBeGreaterThan(100_000)
    expect(JSON.parse(readFileSync(icd, 'utf8')).ICD.library_path).toBe('./libvk_swiftshader.so')
  })

  it('uses what is there already', async () => {
    const { folder } = await unpackAdapter(archive, [parent])
    const before = statSync(folder).ino
    await unpackAdapter(archive, [parent])
    expect(statSync(folder).ino).toBe(before)
  })

  it.each([
    ['a changed file', (folder: string) => writeFileSync(join(folder, 'libvk_swiftshader.so'), 'torn')],
    ['a missing file', (folder: string) => rmSync(join(folder, 'libvulkan.so.1'))],
    ['a torn manifest', (folder: string) => writeFileSync(join(folder, 'manifest.json'), '{"libv')],
  ])('repairs a folder with %s', async (_, damage) => {
    const { folder, icd } = await unpackAdapter(archive, [parent])
    const whole = readFileSync(join(folder, 'libvk_swiftshader.so'))
    damage(folder)
    expect((await unpackAdapter(archive, [parent])).icd).toBe(icd)
    expect(readFileSync(join(folder, 'libvk_swiftshader.so')).equals(whole)).toBe(true)
    expect(existsSync(join(folder, 'libvulkan.so.1'))).toBe(true)
    expect(readdirSync(parent)).toHaveLength(1)
  })

  it('leaves a sound folder alone that somebody else was faster with', async () => {
    const [first, second] = [unpackAdapter(archive, [parent]), unpackAdapter(archive, [parent])]
    const { folder } = await Promise.race([first, second])
    const before = statSync(folder).ino
    await Promise.all([first, second])
    expect(statSync(folder).ino).toBe(before)
    expect(readdirSync(parent)).toHaveLength(1)
  })

  it('takes the next folder when one cannot be written', async () => {
    mkdirSync(home, { recursive: true })
    const blocked = join(home, 'a file')
    writeFileSync(blocked, '')
    const { folder } = await unpackAdapter(archive, [join(blocked, 'cache'), parent])
    expect(folder.startsWith(parent)).toBe(true)
  })

  it('loads nothing from a folder that others may have filled', async () => {
    const shared = join(home, 'shared')
    const planted = join(shared, 'cache')
    const { folder: first } = await unpackAdapter(archive, [planted])
    for (const path of [shared, planted]) chmodSync(path, 0o777)
    expect((await unpackAdapter(archive, [planted, parent])).folder.startsWith(parent)).toBe(true)
    const { message } = await rejection(unpackAdapter(archive, [planted]))
    expect(message).toContain(`${planted} stands where everybody may write, and others may change it`)
    chmodSync(planted, 0o755)
    expect((await unpackAdapter(archive, [planted])).folder).toBe(first)
  })

  it('says what is wrong with an archive that is none', async () => {
    const bad = join(home, 'bad.tar.br')
    writeFileSync(bad, 'not an archive')
    const { message } = await rejection(unpackAdapter(bad, [parent]))
    expect(message).toContain('bad.tar.br could not be unpacked')
    expect(readdirSync(parent)).toEqual([])
  })

  it('lets several processes unpack at once', async () => {
    const run = () => execa(process.execPath, ['--import', 'tsx', CHILD, archive, parent])
    const children = await Promise.all([run(), run(), run()])
    const folders = new Set(children.map(({ stdout }) => stdout))
    expect([...folders]).toEqual([(await unpackAdapter(archive, [parent])).folder])
    expect(readdirSync(parent)).toHaveLength(1)
  })
})
