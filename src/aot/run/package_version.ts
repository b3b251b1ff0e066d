/** The version of this package, from wherever its code was bundled to. Node only. */
import { requireNode } from '../../support/node.ts'

export function packageVersion(): string {
  const { createRequire } = requireNode('module', 'the version of this package')
  return (createRequire(import.meta.url)('helion-aot/package.json') as { version: string }).version
}

/** As it stands in generated files: `helion-aot 0.1.0`. */
export function toolName(): string {
  return `helion-aot ${packageVersion()}`
}
