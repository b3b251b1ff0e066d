/**
 * The embedded software adapter: SwiftShader and a Vulkan loader, taken from the archive that the npm package
 * `@sparticuz/chromium` carries and unpacked once into the cache folder. Needs no root and no system Vulkan.
 * The folder is named after the archive's checksum and holds a manifest with the checksum of each file; a
 * damaged folder is replaced. Processes that unpack at the same time each fill a folder of their own and
 * rename it.
 */
import { cacheFolder, temporaryFolder } from '../../support/cache_dir.ts'
import { errorMessage } from '../../support/errors.ts'
import { fileError } from '../../support/file_errors.ts'
import { makeFolder, readText, refuseEndless, writeText } from '../../support/files.ts'
import { parseJson } from '../../support/json.ts'
import { importNodePackage, nodeProcess, requireNode } from '../../support/node.ts'
import { stableStringify } from '../../support/stable.ts'

const LOADER = 'libvulkan.so.1'
const ICD = 'vk_swiftshader_icd.json'
const FILES: readonly string[] = [LOADER, 'libvk_swiftshader.so', ICD]
const MANIFEST = 'manifest.json'
const WHAT = 'the embedded software adapter'

/** Paths of an unpacked adapter. */
export interface UnpackedAdapter {
  readonly folder: string
  /** The Vulkan loader, to be loaded into the process. */
  readonly loader: string
  /** The file that tells the loader where the driver is (`VK_ICD_FILENAMES`). */
  readonly icd: string
}

/** The archive in the installed npm package; a text that says why there is none otherwise. */
export function findArchive(): { readonly path: string } | { readonly missing: string } {
  const system = `${nodeProcess?.platform}-${nodeProcess?.arch}`
  if (system !== 'linux-x64') return { missing: `it exists for linux-x64 only, this is ${system}` }
  const { join, dirname } = requireNode('path', WHAT)
  try {
    const entry = requireNode('module', WHAT)
      .createRequire(import.meta.url)
      .resolve('@sparticuz/chromium')
    const path = join(dirname(entry), '..', '..', 'bin', 'swiftshader.tar.br')
    return requireNode('fs', WHAT).existsSync(path) ? { path } : { missing: `${path} does not exist` }
  } catch {
    return { missing: 'the npm package @sparticuz/chromium is not installed' }
  }
}

/**
 * Unpacks `archive` below `parents` (the first that can be written) unless a sound copy is there already.
 * Throws when no folder can be written or the archive does not hold what it should.
 */
export async function unpackAdapter(
  archive: string,
  parents: readonly string[] = standardFolders(),
): Promise<UnpackedAdapter> {
  const name = checksum(archive).slice(0, 16)
  const failures: string[] = []
  for (const parent of parents) {
    try {
      return await unpackBelow(parent, name, archive)
    } catch (error) {
      failures.push(fileError(error)?.what ?? errorMessage(error))
    }
  }
  throw new Error(`${archive} could not be unpacked: ${failures.join('; ')}`)
}

/** The cache folder, where there is one, and a temporary one of this user. */
function standardFolders(): readonly string[] {
  const temporary = `${temporaryFolder()}/helion-aot-swiftshader-${nodeProcess?.getuid?.() ?? 'user'}`
  try {
    return [cacheFolder('swiftshader'), temporary]
  } catch (error) {
    if (fileError(error)) return [temporary]
    throw error
  }
}

async function unpackBelow(parent: string, name: string, archive: string): Promise<UnpackedAdapter> {
  const fs = requireNode('fs', WHAT)
  const { join } = requireNode('path', WHAT)
  const folder = join(parent, name)
  makeFolder(parent)
  refuseForeign(parent)
  if (!isSound(folder)) {
    const draft = fs.mkdtempSync(join(parent, `${name}.${nodeProcess?.pid}.`))
    try {
      await fill(draft, archive)
      install(draft, folder)
    } finally {
      fs.rmSync(draft, { recursive: true, force: true })
    }
  }
  return { folder, loader: join(folder, LOADER), icd: join(folder, ICD) }
}

/**
 * Throws where another user may have put what is to be loaded: in a folder, such as that for temporary files,
 * where everybody may write, only folders of this user and of the system are good.
 */
function refuseForeign(parent: string): void {
  const fs = requireNode('fs', WHAT)
  const { dirname, resolve } = requireNode('path', WHAT)
  const everybody = 0o002
  for (let at = resolve(parent); at !== dirname(at); at = dirname(at)) {
    if ((fs.statSync(dirname(at)).mode & everybody) === 0) continue
    const { uid, mode } = fs.lstatSync(at)
    const isOurs = uid === 0 || uid === nodeProcess?.getuid?.()
    if (!isOurs || (mode & everybody) !== 0)
      throw new Error(`${at} stands where everybody may write, and others may change it`)
  }
}

async function fill(folder: string, archive: string): Promise<void> {
  const tar = await importNodePackage<typeof import('tar')>('tar')
  await tar.x({ file: archive, cwd: folder, brotli: true, filter: (path) => FILES.includes(baseName(path)) })
  const { join } = requireNode('path', WHAT)
  const sums = Object.fromEntries(FILES.map((file) => [file, checksum(join(folder, file))]))
  writeText(join(folder, MANIFEST), stableStringify(sums))
}

/**
 * Puts `draft` in place of `folder`; another process may do the same at the same time, and one of them wins.
 */
function install(draft: string, folder: string): void {
  const fs = requireNode('fs', WHAT)
  for (let attempt = 0; ; attempt++) {
    try {
      fs.renameSync(draft, folder)
      return
    } catch (error) {
      if (isSound(folder)) return
      if (attempt === 3) throw error
      fs.rmSync(folder, { recursive: true, force: true })
    }
  }
}

/** Whether every file has the checksum that the manifest gives. */
function isSound(folder: string): boolean {
  const { join } = requireNode('path', WHAT)
  try {
    const sums = parseJson(readText(join(folder, MANIFEST))) as Record<string, string>
    return FILES.every((file) => sums[file] === checksum(join(folder, file)))
  } catch {
    return false
  }
}

function checksum(path: string): string {
  refuseEndless(path)
  const bytes = requireNode('fs', WHAT).readFileSync(path)
  return requireNode('crypto', WHAT).createHash('sha256').update(bytes).digest('hex')
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}
