/** Modules as data: what is read from their text is what running them does, and nothing is run to read it. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { withCodeHash } from '../../../src/aot/evaluate/emit/code_hash.ts'
import { dataLiteral } from '../../../src/aot/evaluate/emit/literals.ts'
import { readLiteral } from '../../../src/aot/evaluate/emit/read_literal.ts'
import { readModule } from '../../../src/aot/evaluate/emit/read_module.ts'
import { extractFeatures, type Features } from '../../../src/heuristics/features.ts'
import { DataError } from '../../../src/support/errors.ts'
import { Random } from '../../../src/support/random.ts'
import { mutated, mutations } from '../../mutations.ts'
import { temporaryFolder } from '../../temporary_folder.ts'
import { native } from './native.ts'
import { argumentsOf, runModule } from './run_module.ts'
import { byHand, type MadeSweep, toCsv, toSweep } from './sweeps.ts'
import { VARIANTS } from './variants.ts'

const { decide, moduleText, runBuild, toSettings } = native
const VECTORS = 10_000
const PRETUNED = fileURLToPath(new URL('../../../pretuned_kernels/', import.meta.url))
const SIMPLE = byHand(
  [[64], [128], [1024], [2048]],
  [
    [1, 2],
    [1, 2],
    [2, 1],
    [2, 1],
  ],
)

function textOf(made: MadeSweep, options = {}): string {
  return moduleText(decide(toSweep(made), toSettings(options)), { tool: 'helion-aot 0', device: 'd' })
}

test('literals are read as they were written', () => {
  const json = fc
    .jsonValue({ maxDepth: 5 })
    .map((value) => JSON.parse(JSON.stringify(value).replace(/-0\b/g, '0')))
  fc.assert(
    fc.property(json, fc.nat(120), (value, indent) => {
      const text = dataLiteral(value, indent)
      expect(readLiteral(text, 0)).toEqual({ value, end: text.length })
    }),
    { numRuns: 500 },
  )
})

test.each([
  ['f()', 'line 1 holds something else than data (no literal)'],
  ['[1, (2)]', 'line 1 holds something else than data (no literal)'],
  ['{ a: 1,\n b }', 'line 2 holds something else than data (no :)'],
  ['{ [x]: 1 }', 'line 1 holds something else than data (no name)'],
  ['{ a: 1, a: 2 }', 'line 1 holds something else than data ("a" twice)'],
  ['[1 2]', 'line 1 holds something else than data (no comma and no ])'],
  ["'a\\x41'", 'line 1 holds something else than data (unknown escape \\x)'],
  ['1e999', 'line 1 holds something else than data (no literal)'],
  ['['.repeat(1000), 'line 1 holds something else than data (nested deeper than 64)'],
])('%s is no data', (text, message) => {
  expect(() => readLiteral(text, 0)).toThrow(new DataError(message))
})

/** Any arguments; sizes crowd around the powers of two, where thresholds are. */
function randomArguments(random: Random): readonly unknown[] {
  const size = () => {
    const power = 2 ** random.int(0, 18)
    return random.choice([power, power + 1, Math.round(power * (1 + random.next())), random.int(0, 9)])
  }
  return [0, 1].map(() => ({
    shape: Array.from({ length: random.choice([2, 2, 2, 2, 1, 3]) }, size),
    dtype: random.choice(['torch.float16', 'torch.float16', 'f32', 'bool', '']),
  }))
}

/** Values by position for modules that take no tensors: those of the sweep, and others. */
function randomFeatures({ shapes }: MadeSweep, random: Random): Features {
  const values = Object.entries(random.choice(shapes)).map(([name, value]) => [
    name,
    random.choice([value, typeof value === 'number' ? random.int(0, 3000) : 'other']),
  ])
  return Object.fromEntries(values)
}

const MODULES = VARIANTS.map(([name, made, options]) => [name, made, textOf(made, options)] as const)

describe('what is read is what running does', () => {
  test.each(MODULES)('%s', (_, made, text) => {
    const [read, ran] = [readModule(text, made.kernel, 'm.ts'), runModule(text, made.kernel, 'm.ts')]
    expect(read.configs).toEqual(ran.configs)
    for (const features of made.shapes) expect(read.key(features)).toBe(ran.key(...argumentsOf(features)))
    const random = new Random(7)
    const takesTensors = Object.keys(made.shapes[0] ?? {}).some((name) => name.startsWith('arg'))
    for (let vector = 0; vector < VECTORS; vector++) {
      const args = takesTensors ? randomArguments(random) : argumentsOf(randomFeatures(made, random))
      const features = takesTensors ? extractFeatures(args) : featuresBy(made, args)
      const [choice, done] = [read.key(features), ran.key(...args)]
      if (choice !== done) expect([features, choice]).toEqual([features, done])
    }
  })

  const pretuned = readdirSync(PRETUNED, { recursive: true, encoding: 'utf8' }).filter((path) =>
    /_helion_aot_/.test(path),
  )
  test.each(pretuned)('%s', (path) => {
    const text = readFileSync(join(PRETUNED, path), 'utf8')
    const kernel = /_helion_aot_(\w+)_webgpu/.exec(path)?.[1] ?? ''
    const [read, ran] = [readModule(text, kernel, path), runModule(text, kernel, path)]
    expect(read.configs).toEqual(ran.configs)
    const random = new Random(8)
    for (let vector = 0; vector < VECTORS; vector++) {
      const args = randomArguments(random)
      const [choice, done] = [read.key(extractFeatures(args)), ran.key(...args)]
      if (choice !== done) expect([args, choice]).toEqual([args, done])
    }
  })
})

/** Features by name of values by position, as the module takes them. */
function featuresBy({ shapes }: MadeSweep, values: readonly unknown[]): Features {
  const names = Object.keys(shapes[0] ?? {}).sort()
  const numbered = names.every((name) => /^key_\d+$/.test(name))
  const pairs = names.map((name, index) => [name, values[numbered ? Number(name.slice(4)) : index]])
  return Object.fromEntries(pairs)
}

test('an earlier module that was edited, is broken or older is not used, and said to be', () => {
  const outDir = temporaryFolder()
  const measurements = [join(outDir, 'm.csv')]
  writeFileSync(join(outDir, 'm.csv'), toCsv(SIMPLE))
  const { written } = runBuild({ measurements, outDir, device: 'dev', scoreMatrix: false })
  const path = written?.modules[0] ?? ''
  const text = readFileSync(path, 'utf8')
  const notes = (previous: string) => {
    writeFileSync(path, previous)
    const { messages } = runBuild({ measurements, outDir, device: 'dev', scoreMatrix: false })
    expect(readFileSync(path, 'utf8')).toBe(text)
    return messages.filter((line) => line.startsWith('earlier module')).map((line) => line.split('\n')[0])
  }
  const edited = `${path} was edited after it was generated, so its data may not tell what it does`
  const foreign = `${path} holds no decision to read: another tool or version wrote it`
  expect(notes(text)).toEqual([])
  expect(notes(`// A licence\n\n${text}`.replaceAll('\n', '\r\n'))).toEqual([])
  expect(notes(text.replace('if (arg0_dim0 <=', 'if (Math.abs(arg0_dim0) <='))).toEqual([
    `earlier module not used: ${edited}`,
  ])
  expect(notes('export const = 1')).toEqual([`earlier module not used: ${foreign}`])
  expect(notes(text.replace(/ {2}decision: [\s\S]*/, '} as const\n'))).toEqual([
    `earlier module not used: ${foreign}`,
  ])
})

describe('nothing is run', () => {
  const folder = temporaryFolder()
  const seen = globalThis as { executed?: unknown }
  const hostile = [
    'globalThis.executed = 1',
    'export const CONFIGS = [(globalThis.executed = 1)]',
    "export const meta = { kernel: 'made', decision: (() => { globalThis.executed = 1 })() } as const\n",
  ]
  const texts = [
    hostile.join('\n'),
    withCodeHash(hostile.join('\n').replace(/ \} as const\n$/, '\n} as const\n')),
    withCodeHash(`globalThis.executed = 1\n${textOf(SIMPLE).replace(/ {2}codeHash: .*\n/, '')}`),
    'await import("./other.ts")',
  ]

  test.each(texts)('by a build that finds it beside the measurements: %#', (text) => {
    delete seen.executed
    const csv = join(folder, 'm.csv')
    writeFileSync(csv, toCsv(SIMPLE))
    const path = join(folder, '_helion_aot_made_dev.ts')
    writeFileSync(path, text)
    const { result } = runBuild({ measurements: [csv], device: 'dev', scoreMatrix: false })
    expect([result.kernels.length, seen.executed]).toEqual([1, undefined])
    expect(readFileSync(path, 'utf8')).toBe(result.kernels[0]?.text)
  })

  test('by readers of mutated modules, which read it or say why not', () => {
    delete seen.executed
    const sources = [...MODULES.map(([, , text]) => text), ...texts]
    const random = new Random(9)
    for (let run = 0; run < mutations(); run++) {
      const source = random.choice(sources)
      // With a hash that fits, too: whoever writes a module can write its hash.
      const changed = mutated(source, random).replace(/\n {2}codeHash: .*\n\} as const\n$/, '\n} as const\n')
      const text = changed.endsWith('\n} as const\n') ? withCodeHash(changed) : changed
      const kernel = /kernel: '(\w+)'/.exec(text)?.[1] ?? 'made'
      try {
        const { configs, key } = readModule(text, kernel, 'm.ts')
        expect(configs[key({})]).toBeDefined()
      } catch (error) {
        if (!(error instanceof DataError)) throw error
      }
    }
    expect(seen.executed).toBeUndefined()
  })
})
