/** The version of this package, from wherever its code was bundled to. */
import { nodeBuiltin } from './node.ts'

/** As in package.json; `unknown` in browsers, and in bundles that stand apart from the package. */
export function packageVersion(): string {
  try {
    const require = nodeBuiltin('module')?.createRequire(import.meta.url)
    return (require?.('helion-aot/package.json') as { version: string } | undefined)?.version ?? 'unknown'
  } catch {
    return 'unknown'
  }
}

/** As it stands in generated files: `helion-aot 0.1.0`. */
export function toolName(): string {
  return `helion-aot ${packageVersion()}`
}
