/**
 * Every example is right: the interpreter against its reference, and against the interpreter the adapter and
 * the workgroup interpreter, static and dynamic, under the default config and random ones. RANDOM_CONFIGS
 * asks for more of them, ADAPTER_CONFIGS for another number on the adapter, RANDOM_SEED for others, and
 * EXAMPLES for some of the files (`softmax,layer_norm`).
 */
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { afterAll, describe, expect, it, vi } from 'vitest'
import type { Example } from '../../examples/shared/example.ts'
import type { ConfigSpec } from '../../src/config/config_spec.ts'
import type { ConfigData } from '../../src/config/value.ts'
import type { KernelFunction } from '../../src/language/trace/trace_kernel.ts'
import { argumentOf } from '../codegen/case_arguments.ts'
import { OnCpu } from '../codegen/on_cpu.ts'
import { drawConfigs, withTilesUpTo } from '../config/random_configs.ts'
import { type Outcome, Subject } from '../gpu/subject.ts'
import { inputOf, resultOf } from './example_arguments.ts'

// Arguments of backward kernels come from forward ones.
vi.stubEnv('HELION_AUTOTUNE_EFFORT', 'none')
afterAll(() => {
  vi.unstubAllEnvs()
})

const { difference, nested } = await import('../../examples/shared/example.ts')
const FOLDER = new URL('../../examples/', import.meta.url)
const WANTED = process.env.EXAMPLES?.split(',')
const FILES = readdirSync(FOLDER).filter(
  (name) => name.endsWith('.ts') && (WANTED?.includes(name.slice(0, -'.ts'.length)) ?? true),
)
/** Of each example that compile, half of them with static shapes: on the interpreter, and on the adapter. */
const CONFIGS = Number(process.env.RANDOM_CONFIGS ?? 2)
const ON_ADAPTER = Number(process.env.ADAPTER_CONFIGS ?? CONFIGS)
const SEED = Number(process.env.RANDOM_SEED ?? 0)
/** Of so many drawn for each. */
const DRAWN = 8
const LARGEST_TILE = 8
/** Ranges that are read from memory have large default tiles, which take SwiftShader minutes to compile. */
const LARGEST_DEFAULT_TILE = 32

async function examplesOf(file: string): Promise<readonly Example[]> {
  const module = (await import(fileURLToPath(new URL(file, FOLDER)))) as { examples: readonly Example[] }
  return module.examples
}

/** Tries random configs until so many are right. Most may be refused, but not all. */
async function expectRandomRight(
  spec: ConfigSpec,
  wanted: number,
  seed: number,
  outcome: (data: ConfigData) => Outcome | Promise<Outcome>,
): Promise<void> {
  if (wanted === 0) return
  const count = Math.ceil(wanted)
  const outcomes: Outcome[] = []
  const isDone = (): boolean => outcomes.filter((one) => one === 'right').length === count
  for (const { data } of withTilesUpTo(spec, LARGEST_TILE, drawConfigs(spec, DRAWN * count, seed)))
    if (!isDone()) outcomes.push(await outcome(data))
  expect(outcomes, `${outcomes.length} random configs`).toContain('right')
}

describe.each(FILES)('%s', async (file) => {
  const cases = (await examplesOf(file)).flatMap((example) =>
    example.sizes.map((sizes) => ({ example, sizes, name: example.kernel.definition.name })),
  )
  describe.each(cases)('$name of $sizes', ({ example, sizes }) => {
    it.each([true, false])('static shapes: %s', async (staticShapes) => {
      const { fn } = example.kernel.definition
      const args = example.args(...sizes)
      const inputs = await Promise.all(args.map(inputOf))
      const { tolerance: distance = 1e-4 } = example
      const tolerance = { abs: distance, rel: distance }
      const subject = await Subject.of(fn, inputs, { staticShapes, tolerance })
      expect(difference(example, resultOf(subject), await Promise.all(args.map(nested)))).toBeUndefined()

      const { spec } = subject
      const defaults = withTilesUpTo(spec, LARGEST_DEFAULT_TILE, [spec.defaultConfig()])
      await subject.expectAllRight(defaults.map(({ data }) => data))
      await expectRandomRight(spec, ON_ADAPTER / 2, SEED + Number(staticShapes), (data) =>
        subject.outcome(data),
      )
      const cpu = new OnCpu(fn as KernelFunction, inputs.map(argumentOf), {
        dynamic: !staticShapes,
        tolerance,
      })
      cpu.expectRight()
      await expectRandomRight(spec, CONFIGS / 2, SEED + Number(staticShapes), (data) => cpu.outcome(data))
    })
  })
})

it('check themselves, and print times', async () => {
  const file = fileURLToPath(new URL('geglu.ts', FOLDER))
  const { stdout } = await execa('node', ['--import', import.meta.resolve('tsx'), file], {
    env: { TSX_TSCONFIG_PATH: fileURLToPath(new URL('../../tsconfig.json', import.meta.url)) },
  })
  expect(stdout).toMatch(/^on .+\ngeglu is right; [\d x]+: [\d.]+ us, default [\d.]+ us$/)
})
