/** Where caches go: the user's wish, the system's custom, the temporary folder. */
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { cacheFolder } from '../../src/support/cache_dir.ts'

afterEach(() => vi.unstubAllEnvs())

describe('cacheFolder', () => {
  it('is below HELION_CACHE_DIR', () => {
    vi.stubEnv('HELION_CACHE_DIR', 'some/folder')
    expect(cacheFolder('things')).toBe(resolve('some/folder/things'))
  })

  it.runIf(process.platform === 'linux')('follows XDG, else ~/.cache, else the temporary folder', () => {
    vi.stubEnv('HELION_CACHE_DIR', '')
    vi.stubEnv('XDG_CACHE_HOME', '/xdg')
    vi.stubEnv('HOME', '/home/me')
    expect(cacheFolder('things')).toBe('/xdg/helion-aot/things')
    vi.stubEnv('XDG_CACHE_HOME', '')
    expect(cacheFolder('things')).toBe('/home/me/.cache/helion-aot/things')
    vi.stubEnv('HOME', '')
    expect(cacheFolder('things')).toBe(join(tmpdir(), 'helion-aot', 'things'))
  })
})
