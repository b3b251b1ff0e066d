/** Files as accidents and enemies leave them: made from good ones, for readers to read or to refuse. */
import type { Random } from '../src/support/random.ts'

/** How many mutated files a test of a reader tries; HELION_TEST_MUTATIONS asks for more. */
export function mutations(): number {
  return Number(process.env.HELION_TEST_MUTATIONS ?? 40)
}

const NUMBERS = ['1e308', '-1e308', '5e-324', '0', '-0', '-1', 'NaN', 'Infinity', '9007199254740993', '1e999']
const WORDS = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', '../../../evil', '']

type Mutation = (text: string, random: Random) => string

const MUTATIONS: readonly Mutation[] = [
  // A byte, flipped; bad UTF-8 becomes U+FFFD, as the readers of files see it.
  (text, random) => {
    const bytes = new TextEncoder().encode(text)
    const position = random.int(0, bytes.length - 1)
    bytes[position] = (bytes[position] ?? 0) ^ (1 << random.int(0, 7))
    return new TextDecoder().decode(bytes)
  },
  (text, random) => text.slice(0, random.int(0, text.length)),
  (text, random) => text.slice(random.int(0, text.length)),
  (text, random) => {
    const lines = text.split('\n')
    const [a, b] = [random.int(0, lines.length - 1), random.int(0, lines.length - 1)]
    ;[lines[a], lines[b]] = [lines[b] ?? '', lines[a] ?? '']
    return lines.join('\n')
  },
  (text, random) => {
    const lines = text.split('\n')
    const line = random.int(0, lines.length - 1)
    return lines.toSpliced(line, 1, ...lines.slice(line, line + 2), lines[line] ?? '').join('\n')
  },
  (text, random) => oneOf(text, /-?\d+(?:\.\d+)?(?:e[+-]?\d+)?/g, random, () => random.choice(NUMBERS)),
  (text, random) => oneOf(text, /(?<=["'])\w+(?=["'])/g, random, () => random.choice(WORDS)),
  (text, random) => oneOf(text, /\b[a-z]\w+\b/g, random, () => random.choice(WORDS)),
  (text, random) => oneOf(text, /arg\d+_dim\d+/g, random, () => `arg${10 ** random.int(0, 12)}_dim0`),
  (text, random) => oneOf(text, /\[[^[\]]*\]/g, random, () => `[${'1,'.repeat(random.int(0, 3000))}1]`),
  (text, random) =>
    oneOf(text, /["',{}[\]:]/g, random, () => random.choice(['"', "'", ',', '{', '[', ':', '\0', ''])),
]

/** The same text with one to three things wrong. */
export function mutated(text: string, random: Random): string {
  let changed = text
  for (let count = random.int(1, 3); count > 0; count--) changed = random.choice(MUTATIONS)(changed, random)
  return changed
}

/** One of the matches, replaced. */
function oneOf(text: string, pattern: RegExp, random: Random, by: () => string): string {
  const found = [...text.matchAll(pattern)]
  if (found.length === 0) return text
  const { index, 0: match } = random.choice(found)
  return `${text.slice(0, index)}${by()}${text.slice(index + match.length)}`
}
