/**
 * package-lock.json names every package that any of its packages asks for, on every platform. `npm ci`
 * refuses a lock file that does not; npm writes one when a registry lacks, for the moment, the build of some
 * platform.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Gate } from './gate.ts'

type Versions = Readonly<Record<string, string>>

interface LockedPackage {
  readonly dependencies?: Versions
  readonly devDependencies?: Versions
  readonly optionalDependencies?: Versions
}

type Packages = Readonly<Record<string, LockedPackage>>

export const lockFile: Gate = {
  name: 'lock_file',
  check(root) {
    const text = readFileSync(join(root, 'package-lock.json'), 'utf8')
    const { packages } = JSON.parse(text) as { readonly packages: Packages }
    const problems = Object.entries(packages).flatMap(
      ([path, { dependencies, devDependencies, optionalDependencies }]) =>
        Object.keys({ ...dependencies, ...devDependencies, ...optionalDependencies })
          .filter((name) => !isLocked(packages, path, name))
          .map((name) => `package-lock.json lacks ${name}, which ${path || 'this package'} asks for`),
    )
    return { checked: Object.keys(packages).length, problems }
  },
}

/** Looks where Node looks: below the package that asks, then below each folder around it. */
function isLocked(packages: Packages, from: string, name: string): boolean {
  if (`${from ? `${from}/` : ''}node_modules/${name}` in packages) return true
  if (from === '') return false
  return isLocked(packages, from.slice(0, Math.max(0, from.lastIndexOf('node_modules/') - 1)), name)
}
