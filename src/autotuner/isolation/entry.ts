/**
 * Where the program of the process for trials is: a file of its own in the built package, which is looked for
 * where the package is installed when this code was bundled into something else.
 */
import { requireNode } from '../../support/node.ts'

export interface Entry {
  readonly path: string
  /** Arguments of Node in front of it. */
  readonly flags: readonly string[]
}

const WHAT = 'a process for trials'
const BUILT = 'dist/trial_worker.js'

/** Throws when there is none. */
export function trialEntry(): Entry {
  const { createRequire } = requireNode('module', WHAT)
  const { dirname, join } = requireNode('path', WHAT)
  const { fileURLToPath, pathToFileURL } = requireNode('url', WHAT)
  const require = createRequire(import.meta.url)
  const here = import.meta.url
  if (here.endsWith('.ts')) {
    const path = join(dirname(fileURLToPath(here)), 'trial_worker.ts')
    return { path, flags: ['--import', pathToFileURL(require.resolve('tsx')).href] }
  }
  const path = join(dirname(require.resolve('helion-aot/package.json')), BUILT)
  if (!requireNode('fs', WHAT).existsSync(path)) throw new Error(`${path} does not exist`)
  return { path, flags: [] }
}
