/**
 * Loads a generated module from a file. JavaScript, and TypeScript where the runtime understands it (tsx,
 * newer versions of Node), is imported as it is; otherwise esbuild strips the types. Node only.
 */
import type * as Esbuild from 'esbuild'
import { DataError, errorMessage } from '../support/errors.ts'
import { refuseEndless } from '../support/files.ts'
import { importNodePackage, requireNode } from '../support/node.ts'
import type { ModuleNamespace } from './module.ts'

/** What a file may be called behind its name, in the order of preference. */
export const MODULE_EXTENSIONS: readonly string[] = ['.ts', '.mts', '.js', '.mjs']

/** The module in a file as it is now. Rejects with DataError naming the file and what is wrong with it. */
export async function loadModule(path: string): Promise<ModuleNamespace> {
  refuseEndless(path)
  try {
    return await importFile(path)
  } catch (native) {
    // Plain JavaScript needs esbuild too, where package.json makes `.js` mean CommonJS.
    return await importStripped(path).catch((error: unknown) => {
      const reason = error instanceof NoEsbuild ? native : error
      throw new DataError(`cannot load ${path}: ${errorMessage(reason)}`, {
        remedy: 'Generate it again with `npx helion-aot`, or remove it.',
        cause: reason,
      })
    })
  }
}

/** The time of change in the URL makes a file that was written anew a new module. */
async function importFile(path: string): Promise<ModuleNamespace> {
  const { mtimeMs } = requireNode('fs', 'loading a module').statSync(path)
  const url = requireNode('url', 'loading a module').pathToFileURL(path)
  return await importNodePackage(`${url.href}?changed=${mtimeMs}`)
}

/** Bundled, so that a module that was edited may import others beside it. */
async function importStripped(path: string): Promise<ModuleNamespace> {
  const { build } = await importNodePackage<typeof Esbuild>('esbuild').catch(() => {
    throw new NoEsbuild()
  })
  const { outputFiles } = await build({
    entryPoints: [path],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    target: 'es2022',
    logLevel: 'silent',
  })
  const code = outputFiles[0]?.contents ?? new Uint8Array()
  return await importNodePackage(`data:text/javascript;base64,${Buffer.from(code).toString('base64')}`)
}

class NoEsbuild extends Error {}
