/**
 * Nothing unfinished and nothing private is committed: no notes to do something later, no switched-off or
 * singled-out tests, no paths of somebody's machine. A test may still skip itself with a reason at run time.
 */
import type { Gate } from './gate.ts'
import { readSources } from './source_files.ts'

const FOLDERS = ['src', 'bin', 'scripts', 'templates', 'pretuned_kernels', 'examples', 'benchmarks', 'test']

// Brackets keep these patterns from finding themselves.
const LEFTOVERS: Readonly<Record<string, RegExp>> = {
  'unfinished work': /\b(TO[D]O|FIX[M]E|XX[X])\b|\bfor no[w]\b|\bnot (yet )?implemente[d]\b/,
  'a test that is switched off or singled out': /\b(it|test|describe)\.(ski[p]|onl[y]|tod[o]|fail[s])\b/,
  'a path of one machine': /(["'`\s(]|file:\/\/)\/(roo[t]|wor[k]|far[m]|tm[p])\//,
}

export const leftovers: Gate = {
  name: 'leftovers',
  check(root) {
    const files = readSources(root, FOLDERS)
    const problems = files.flatMap(({ path, text }) =>
      text.split('\n').flatMap((line, index) =>
        Object.entries(LEFTOVERS)
          .filter(([, pattern]) => pattern.test(line))
          .map(([what]) => `${path}:${index + 1} has ${what}`),
      ),
    )
    return { checked: files.length, problems }
  },
}
