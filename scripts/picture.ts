/**
 * Draws the pictures of docs/architecture.md anew, from the imports (`npm run picture`); the gate `picture`
 * tells when that is due.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { PAGE, withPictures } from '../test/gates/picture.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
writeFileSync(`${root}${PAGE}`, withPictures(readFileSync(`${root}${PAGE}`, 'utf8'), root))
