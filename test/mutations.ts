/** Files as accidents and enemies leave them: made from good ones, for readers to read or to refuse. */
import { vi } from 'vitest'
import { Random } from '../src/support/random.ts'

// As many as are asked for take as long as they take: 0 is no limit.
if (process.env.HELION_TEST_MUTATIONS) vi.setConfig({ testTimeout: 0 })

/** How many mutated files a test of a reader tries; HELION_TEST_MUTATIONS asks for more. */
export function mutations(): number {
  return Number(process.env.HELION_TEST_MUTATIONS ?? 40)
}

const NUMBERS = ['1e308', '-1e308', '5e-324', '0', '-0', '-1', 'NaN', 'Infinity', '9007199254740993', '1e999']
const CODE = [
  '*/ globalThis.executed = 1 /*',
  '\nglobalThis.executed = 1\n//',
  "' + (globalThis.executed = 1) + '",
  '$' + '{globalThis.executed = 1}',
  '</script><script>globalThis.executed = 1</script>',
]
const WORDS = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  '../../../evil',
  '/dev/zero',
  'x'.repeat(20_000),
  '',
  ...CODE,
]
/** Of JSON: of all kinds, and such that are no text where a text is wanted. */
const VALUES = [
  'null',
  'true',
  '""',
  '0',
  '[]',
  '{}',
  '[[1]]',
  '{"toString": 1, "valueOf": 1}',
  '{"__proto__": {"polluted": 1}}',
  `${'['.repeat(5000)}${']'.repeat(5000)}`,
  `${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}`,
]

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
  (text, random) =>
    oneOf(text, /(?<=[:,[]\s*)(?:"[^"\n]*"|-?\d[\d.e+-]*|true|false|null)(?=\s*[,\]}])/g, random, () =>
      random.choice(VALUES),
    ),
  (text, random) => oneOf(text, /(?<=[:,]\s*)[{[]/g, random, (bracket) => random.choice(VALUES) + bracket),
  (text) => `\uFEFF${text}`,
  (text) => text.replaceAll('\n', '\r\n'),
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
function oneOf(text: string, pattern: RegExp, random: Random, by: (match: string) => string): string {
  const found = [...text.matchAll(pattern)]
  if (found.length === 0) return text
  const { index, 0: match } = random.choice(found)
  return `${text.slice(0, index)}${by(match)}${text.slice(index + match.length)}`
}

/** Calls `use` with many mutations of a text, the same for a seed; what it throws says which one it was. */
export async function forEachMutation(
  text: string,
  seed: number,
  use: (changed: string) => unknown,
  count: number = mutations(),
): Promise<void> {
  const random = new Random(seed)
  for (let run = 0; run < count; run++) {
    const changed = mutated(text, random)
    try {
      await use(changed)
    } catch (error) {
      throw new Error(`mutation ${run} of seed ${seed}: ${changed.slice(0, 3000)}`, { cause: error })
    }
  }
}
