/**
 * Where this package keeps files that can be made again: `HELION_CACHE_DIR`, else the user's cache folder as
 * the operating system names it, else the folder for temporary files. Node only.
 */
import { environment, nodeProcess, requireNode } from './node.ts'

/** The folder of all caches; not created here. */
export function cacheRoot(): string {
  const { join, resolve } = requireNode('path', 'the cache folder')
  const chosen = environment('HELION_CACHE_DIR')
  return chosen ? resolve(chosen) : join(systemCacheFolder() ?? temporaryFolder(), 'helion-aot')
}

/** A folder in it, by name. */
export function cacheFolder(name: string): string {
  return requireNode('path', 'the cache folder').join(cacheRoot(), name)
}

/** The operating system's folder for temporary files. */
export function temporaryFolder(): string {
  return requireNode('os', 'the folder for temporary files').tmpdir()
}

function systemCacheFolder(): string | undefined {
  const { join } = requireNode('path', 'the cache folder')
  if (nodeProcess?.platform === 'win32') return environment('LOCALAPPDATA')
  const home = environment('HOME')
  if (nodeProcess?.platform === 'darwin') return home && join(home, 'Library', 'Caches')
  return environment('XDG_CACHE_HOME') ?? (home && join(home, '.cache'))
}
