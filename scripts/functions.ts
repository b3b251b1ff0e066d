/**
 * Declares the methods of values as functions of `hl` anew (`npm run functions`); see the gate
 * `value_functions`.
 */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { functionFiles } from '../test/gates/value_functions.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
for (const [path, text] of Object.entries(functionFiles(root))) writeFileSync(`${root}${path}`, text)
