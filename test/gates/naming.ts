/**
 * Files and folders are named in snake_case (`linear_layout.test.ts`, `_helion_aot_softmax_….ts`).
 */
import type { Gate } from './gate.ts'
import { listFiles } from './source_files.ts'

const FOLDERS = [
  'src',
  'bin',
  'scripts',
  'templates',
  'pretuned_kernels',
  'examples',
  'benchmarks',
  'test',
  'docs',
]

const SNAKE_CASE = /^_?[a-z0-9]+(_[a-z0-9]+)*(\.[a-z0-9]+)*$/
/** Names that were given: the command, and files that tools look for. */
const GIVEN = new Set(['bin/helion-aot.js'])
const GIVEN_NAMES = new Set(['README.md', 'AGENTS.md', 'package-lock.json'])

export const naming: Gate = {
  name: 'naming',
  check(root) {
    const files = listFiles(root, FOLDERS)
    const problems = files.filter((path) => !GIVEN.has(path) && !wellNamed(path))
    return { checked: files.length, problems: problems.map((path) => `${path} is not in snake_case`) }
  },
}

function wellNamed(path: string): boolean {
  return path.split('/').every((part) => SNAKE_CASE.test(part) || GIVEN_NAMES.has(part))
}
