/**
 * CPU time of compiling a kernel, from the trace to WGSL, in milliseconds: median of warm runs, the kernels
 * in turns. Needs no GPU: the limits are those of an H200.
 * Usage: npx tsx benchmarks/codegen_time.ts [--rounds 30] [kernel …]
 */
import { parseArgs } from 'node:util'
import { compileKernel } from '../src/codegen/compile.ts'
import type { Config, ConfigInput } from '../src/config/config.ts'
import { median } from '../src/support/maths.ts'
import { Compiled } from '../test/codegen/compiling.ts'
import { DEVICES } from '../test/codegen/devices.ts'
import { attention, layerNorm, matmul, softmax } from '../test/gpu/kernels.ts'
import { headAttention } from '../test/gpu/matrix_kernels.ts'
import type { Argument } from '../test/language/harness.ts'

const MATRIX = { m: 16, n: 16, k: 16, operand: 'f16', result: 'f32' } as const
const DEVICE = { ...DEVICES.H200, registerBudget: 200, subgroupMatrices: [MATRIX] }

interface Work {
  readonly compiled: Compiled
  readonly config: Config
}

function shaped(shape: readonly number[], dtype: 'f32' | 'f16' = 'f32'): Argument {
  return { shape, dtype, dynamic: undefined, data: [] }
}

function work(fn: unknown, args: readonly Argument[], changes: ConfigInput = {}): Work {
  const compiled = new Compiled(fn as never, args, DEVICE)
  return { compiled, config: compiled.config(changes) }
}

const square = (dtype: 'f32' | 'f16'): readonly Argument[] => [1, 2].map(() => shaped([1024, 1024], dtype))
const heads = (shape: readonly number[], dtype: 'f32' | 'f16'): readonly Argument[] =>
  [1, 2, 3].map(() => shaped(shape, dtype))

const WORK: Readonly<Record<string, () => Work>> = {
  softmax: () => work(softmax, [shaped([4096, 1024])]),
  layer_norm: () => work(layerNorm, [shaped([4096, 1024]), shaped([1024]), shaped([1024]), 1e-5]),
  matmul: () => work(matmul, square('f32')),
  matmul_f16: () => work(matmul, square('f16')),
  matmul_large: () => work(matmul, square('f16'), { block_sizes: [128, 128, 64] }),
  attention: () => work(attention, heads([2048, 64], 'f32')),
  attention_f16: () => work(headAttention, heads([16, 2048, 64], 'f16')),
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '30' } },
})
const names = positionals.length > 0 ? positionals : Object.keys(WORK)
const subjects = names.map((name) => {
  const make = WORK[name]
  if (!make) throw new Error(`no kernel named ${name}; known are ${Object.keys(WORK).join(', ')}`)
  return { name, ...make(), times: [] as number[] }
})

const WARM_UP = 10
for (let round = -WARM_UP; round < Number(values.rounds); round++) {
  for (const { compiled, config, times } of subjects) {
    const begin = process.cpuUsage()
    compileKernel(compiled.kernel, config, compiled.limits)
    const { user, system } = process.cpuUsage(begin)
    if (round >= 0) times.push((user + system) / 1000)
  }
}
for (const { name, config, times } of subjects) {
  const blocks = JSON.stringify(config.blockSizes)
  console.log(`${name.padEnd(16)} ${median(times).toFixed(1).padStart(7)} ms   ${blocks}`)
}
