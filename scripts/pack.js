/**
 * Builds and packs this package for scripts that take a tarball from HELION_PACKED, and prints its path.
 * Usage: node scripts/pack.js folder
 */
import { existsSync, statSync } from 'node:fs'
import { packPackage } from './lib/temp_project.js'

const folder = process.argv[2]
if (!folder) end('which folder the package is packed into is missing: node scripts/pack.js FOLDER', 2)
if (!existsSync(folder) || !statSync(folder).isDirectory()) end(`${folder} is no folder; make it first`, 2)
try {
  console.log(packPackage(folder))
} catch (error) {
  // What npm says about it stands above.
  end(`cannot pack into ${folder}: ${error.message.split('\n')[0]}`, 1)
}

function end(what, code) {
  console.error(`pack.js: ${what}`)
  process.exit(code)
}
