/**
 * Programs for devices that are not here: subgroups of 32, half floats, no immediates, large workgroups.
 * Dawn's null backend says whether the WGSL is valid, uniformity of barriers and subgroup operations
 * included.
 */
import { describe, expect, it } from 'vitest'
import type { DeviceLimits } from '../../src/codegen/program.ts'
import { systemGpu } from '../../src/runtime/adapter/dawn.ts'
import type { DType } from '../../src/support/dtypes.ts'
import { ConfigError } from '../../src/support/errors.ts'
import { bytes, productOf, SIDES, shapesOf } from '../codegen/byte_kernels.ts'
import { Compiled } from '../codegen/compiling.ts'
import { randomConfigs } from '../config/random_configs.ts'
import type { Argument } from '../language/harness.ts'
import { CASE_NAMES, CASES, type CaseName } from './cases.ts'
import { type Input, isTensorInput } from './inputs.ts'

/** Configs per kernel and device. */
const CONFIGS = 8

interface Variant {
  readonly limits: Partial<DeviceLimits>
  /** Of the tensors that are f32 otherwise. */
  readonly floats: DType
  /** What the text must show somewhere. */
  readonly mark: RegExp
}

const VARIANTS: Readonly<Record<string, Variant>> = {
  'subgroups of 32': { limits: { subgroupSize: 32 }, floats: 'f32', mark: /subgroupShuffleXor|subgroupAdd/ },
  'half floats': { limits: { subgroupSize: 4 }, floats: 'f16', mark: /enable f16;/ },
  'no immediates': { limits: { maxImmediateBytes: 0, subgroupSize: 0 }, floats: 'f32', mark: /var<uniform>/ },
  'large workgroups': {
    limits: { maxWorkgroupInvocations: 1024, maxWorkgroupBytes: 49_152, subgroupSize: 32 },
    floats: 'f32',
    mark: /@workgroup_size\((512|1024)\)/,
  },
  'subgroup matrices': {
    limits: {
      maxWorkgroupBytes: 49_152,
      subgroupSize: 32,
      subgroupMatrices: [{ m: 16, n: 16, k: 16, operand: 'f16', result: 'f32' }],
    },
    floats: 'f16',
    mark: /subgroupMatrixMultiplyAccumulate/,
  },
  'small subgroup matrices': {
    limits: { subgroupSize: 32, subgroupMatrices: [{ m: 8, n: 8, k: 8, operand: 'f16', result: 'f32' }] },
    floats: 'f16',
    mark: /subgroupMatrixMultiplyAccumulate/,
  },
}

/** Types of WebGPU do not know it yet. */
const MATRICES = 'chromium-experimental-subgroup-matrix' as GPUFeatureName

const adapter = await (await systemGpu('backend=null')).requestAdapter()
if (!adapter) throw new Error('no null backend')
const device = await adapter.requestDevice({
  requiredFeatures: ['shader-f16', 'subgroups', MATRICES],
  requiredLimits: { maxImmediateSize: 64 },
})

async function expectValid(wgsl: string, what: string): Promise<void> {
  const { messages } = await device.createShaderModule({ code: wgsl }).getCompilationInfo()
  const errors = messages.filter(({ type }) => type === 'error')
  const texts = errors.map(({ lineNum, message }) => `line ${lineNum}: ${message}`)
  if (texts.length > 0) expect.fail(`${texts.join('\n')}\n${what}\n${wgsl}`)
}

function argumentOf(input: Input, floats: DType): Argument {
  if (isTensorInput(input))
    return { ...input, dtype: input.dtype === 'f32' ? floats : input.dtype, dynamic: undefined }
  if (Array.isArray(input)) return input.map((item) => argumentOf(item, floats))
  if (typeof input !== 'object') return input
  return Object.fromEntries(Object.entries(input).map(([key, item]) => [key, argumentOf(item, floats)]))
}

/** The texts of random configs that the compiler takes. */
function* texts(
  name: CaseName,
  { limits, floats }: Variant,
): Generator<readonly [wgsl: string, what: string]> {
  const { fn, inputs } = CASES[name]
  const args = inputs().map((input) => argumentOf(input, floats))
  const compiled = new Compiled(fn as never, args, { dynamic: true, ...limits })
  const { spec, input } = compiled
  const mma = input.dots.map(({ matrix }) => (matrix ? 'subgroup_matrix' : 'fma'))
  const usesMatrices = mma.includes('subgroup_matrix')
  for (const drawn of randomConfigs(spec, CONFIGS, 5)) {
    const config = usesMatrices ? spec.normalize({ ...drawn.data, mma }, 'repair') : drawn
    try {
      for (const { wgsl } of compiled.program(config.data).dispatches) yield [wgsl, String(config)]
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
    }
  }
}

describe.each(Object.entries(VARIANTS))('%s', (_, variant) => {
  const seen: string[] = []

  it.each(CASE_NAMES)('%s', async (name) => {
    const before = seen.length
    for (const [wgsl, what] of texts(name, variant)) {
      await expectValid(wgsl, what)
      seen.push(wgsl)
    }
    expect(seen.length).toBeGreaterThan(before)
  })

  it('was used', () => {
    expect(seen.filter((wgsl) => variant.mark.test(wgsl)).length).toBeGreaterThan(5)
  })
})

it.each(
  (['i8', 'u8'] as const).flatMap((operand) =>
    [
      { m: 16, n: 16, k: 32 },
      { m: 16, n: 8, k: 32 },
      { m: 8, n: 8, k: 32 },
    ].map((shape) => ({ ...shape, operand, result: operand === 'i8' ? 'i32' : 'u32' }) as const),
  ),
)('matrices of $operand, $m x $n x $k', async (matrix) => {
  for (const sides of SIDES)
    for (const [m, k, n] of [
      [128, 128, 128],
      [37, 70, 45],
    ] as const) {
      const args = shapesOf(sides, m, k, n).map((shape) => bytes(shape, matrix.operand))
      const limits = { maxWorkgroupBytes: 49_152, subgroupMatrices: [matrix] }
      const compiled = new Compiled(productOf(sides, matrix.result) as never, args, limits)
      const config = compiled.spec.normalize(
        { mma: 'subgroup_matrix', num_warps: 4, num_stages: 2 },
        'repair',
      )
      for (const { wgsl } of compiled.program(config.data).dispatches) {
        expect(wgsl).toContain('subgroupMatrixMultiplyAccumulate')
        await expectValid(wgsl, String(config))
      }
    }
})

it('what is not valid is noticed', async () => {
  const broken = '@compute @workgroup_size(64) fn main(@builtin(local_invocation_index) i: u32) {'
  await expect(expectValid(`${broken} if (i > 3u) { workgroupBarrier(); } }`, '')).rejects.toThrow(
    "'workgroupBarrier' must only be called from uniform control flow",
  )
})
