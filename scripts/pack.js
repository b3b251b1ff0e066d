/**
 * Builds and packs this package for scripts that take a tarball from HELION_PACKED, and prints its path.
 * Usage: node scripts/pack.js folder
 */
import { packPackage } from './lib/temp_project.js'

console.log(packPackage(process.argv[2]))
