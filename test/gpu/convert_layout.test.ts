/** Values that move between random layouts: every element arrives in every copy, on the GPU. */

import { expect, it } from 'vitest'
import { BoundConfig } from '../../src/codegen/bound_config.ts'
import { configSpecInput } from '../../src/codegen/config_spec_of.ts'
import { bitRange, type CoordinateBit, Layout } from '../../src/codegen/layout.ts'
import { convertLayout } from '../../src/codegen/lower_convert.ts'
import { Lowering } from '../../src/codegen/lowering.ts'
import { placeBarriers } from '../../src/codegen/place_barriers.ts'
import { chunkRegisters, element, named, type Registers } from '../../src/codegen/registers.ts'
import { printStatements } from '../../src/codegen/statements.ts'
import { wgslType } from '../../src/codegen/wgsl_types.ts'
import { ConfigSpec } from '../../src/config/config_spec.ts'
import { hl, type Tensor } from '../../src/language/index.ts'
import { defaultStream, getDevice } from '../../src/runtime/default_device.ts'
import { DeviceTensor } from '../../src/runtime/tensor.ts'
import type { DType } from '../../src/support/dtypes.ts'
import { Random } from '../../src/support/random.ts'
import { ramp, traced } from '../language/harness.ts'

const device = await getDevice()
const DTYPES: readonly DType[] = [
  'f32',
  'i32',
  'bool',
  ...(device.limits.shaderF16 ? (['f16'] as const) : []),
]
const PAIRS = 8

const kernel = traced(
  function tile(x: Tensor) {
    for (const [i, j] of hl.tile([x.shape[0], x.shape[1]])) x.at(i, j).set(1)
  },
  [ramp([128, 128])],
  { dynamic: false },
)
const [ROW = 0, COLUMN = 1] = kernel.blocks.map(({ id }) => id)
const spec = new ConfigSpec(configSpecInput(kernel, device.limits, Number))

/** A state of lowering for tiles of these extents. */
function loweringOf(rowBits: number, columnBits: number, threadBits: number): Lowering {
  const config = { block_sizes: [2 ** rowBits, 2 ** columnBits], num_warps: 2 ** (threadBits - 5) }
  return new Lowering([], new BoundConfig(kernel, spec.normalize(config, 'strict'), device.limits))
}

/** All bits of the tile over threads (some of which may hold copies) and registers, at random. */
function randomLayout(random: Random, bits: readonly CoordinateBit[], threadBits: number): Layout {
  const rest = [...bits]
  for (let i = rest.length - 1; i > 0; i--) {
    const j = random.int(0, i)
    ;[rest[i], rest[j]] = [rest[j] as CoordinateBit, rest[i] as CoordinateBit]
  }
  const copies = Math.max(0, threadBits - rest.length) + random.int(0, 2)
  const threads: (CoordinateBit | undefined)[] = []
  for (let i = 0; i < threadBits; i++) threads.push(i < threadBits - copies ? rest.pop() : undefined)
  for (let i = threads.length - 1; i > 0; i--) {
    const j = random.int(0, i)
    ;[threads[i], threads[j]] = [threads[j], threads[i]]
  }
  // Neighbours in registers are what vectors are made of.
  const registers = random.int(0, 1) ? rest : rest.sort((a, b) => a.block - b.block || a.bit - b.bit)
  return new Layout(registers, threads)
}

/** The number of the element at a thread's register: row by row. */
function elementAt(layout: Layout, thread: number, register: number, columnBits: number): number {
  const at = (block: number) => layout.registerOffset(register, block) + layout.threadOffset(thread, block)
  return at(ROW) * 2 ** columnBits + at(COLUMN)
}

/** A value that tells elements apart, as far as the dtype can. */
function contentOf(number: number, dtype: DType): number {
  return dtype === 'bool' ? ((number * 2_654_435_761) >>> 7) & 1 : number
}

/** The tile's values, from a table: `source[thread * size + register]`. */
function loaded(lowering: Lowering, layout: Layout, dtype: DType, first: number): Registers {
  const scalar = wgslType(dtype, 1)
  const at = (register: number) => `source[${first}u + thread * ${layout.size}u + ${register}u]`
  const chunks = chunkRegisters(layout).map((registers) => {
    const texts = registers.map((r) => (dtype === 'bool' ? `(${at(r)} != 0.0f)` : `${scalar}(${at(r)})`))
    const text = registers.length === 1 ? texts[0] : `${wgslType(dtype, registers.length as 2)}(${texts})`
    return { text: text ?? '', splat: false }
  })
  return named(lowering.out, { layout, dtype, chunks }, 'v')
}

interface Pair {
  readonly from: Layout
  readonly to: Layout
}

/** Writes a shader that moves a value for each pair, one after the other, and what it should store. */
function shaderOf(dtype: DType, pairs: readonly Pair[], [r, c, t]: readonly [number, number, number]) {
  const lowering = loweringOf(r, c, t)
  const [source, wanted]: [number[], number[]] = [[], []]
  const threads = Array.from({ length: 2 ** t }, (_, thread) => thread)
  for (const { from, to } of pairs) {
    const elements = (layout: Layout) =>
      threads.flatMap((thread) =>
        Array.from({ length: layout.size }, (_, i) => contentOf(elementAt(layout, thread, i, c), dtype)),
      )
    const value = loaded(lowering, from, dtype, source.length)
    const moved = named(lowering.out, convertLayout(lowering, value, to), 'v')
    for (let i = 0; i < to.size; i++) {
      const text = element(moved, i)
      const number = dtype === 'bool' ? `select(0.0f, 1.0f, ${text})` : `f32(${text})`
      lowering.out.line(`result[${wanted.length}u + thread * ${to.size}u + ${i}u] = ${number};`)
    }
    source.push(...elements(from))
    wanted.push(...elements(to))
  }
  const wgsl = [
    dtype === 'f16' ? 'enable f16;' : '',
    '@group(0) @binding(0) var<storage, read> source: array<f32>;',
    '@group(0) @binding(1) var<storage, read_write> result: array<f32>;',
    ...lowering.memory.declarations(device.limits.maxWorkgroupBytes),
    `@compute @workgroup_size(${2 ** t})`,
    'fn main(@builtin(local_invocation_index) thread: u32) {',
    ...printStatements(placeBarriers(lowering.out.statements), 1),
    '}',
  ].join('\n')
  return { wgsl, source, wanted }
}

async function run(wgsl: string, source: readonly number[], count: number): Promise<ArrayLike<number>> {
  const [from, to] = [DeviceTensor.allocate([source.length], 'f32'), DeviceTensor.allocate([count], 'f32')]
  from.upload(source)
  const pipeline = await device.pipelines.get({
    label: 'moves',
    wgsl,
    bindings: [{ access: 'read' }, { access: 'read_write' }],
    words: { length: 0 },
    wordsIn: 'immediate',
  })
  const launch = {
    pipeline,
    storages: [from.storage, to.storage],
    words: new Uint32Array(0),
    grid: [1, 1, 1],
  } as const
  defaultStream().launch(launch)
  return await to.data()
}

it.each(
  DTYPES.flatMap((dtype) =>
    (
      [
        [3, 4, 5],
        [2, 2, 6],
        [5, 1, 5],
        [0, 7, 5],
      ] as const
    ).map((bits) => [dtype, ...bits] as const),
  ),
)('%s, a tile of 2^%i by 2^%i over 2^%i threads', async (dtype, r, c, t) => {
  const random = new Random(r * 100 + c * 10 + t)
  const bits = [...bitRange(ROW, 0, r), ...bitRange(COLUMN, 0, c)]
  const pairs = Array.from({ length: PAIRS }, (): Pair => {
    const from = randomLayout(random, bits, t)
    // One in three only renames registers.
    const to =
      random.int(0, 2) === 0
        ? new Layout([...from.registers].reverse(), from.threads)
        : randomLayout(random, bits, t)
    return { from, to }
  })
  const { wgsl, source, wanted } = shaderOf(dtype, pairs, [r, c, t])
  const got = await run(wgsl, source, wanted.length)
  const wrong = wanted.findIndex((value, i) => got[i] !== value)
  if (wrong >= 0) expect.fail(`result ${wrong} is ${got[wrong]}, not ${wanted[wrong]}\n${wgsl}`)
})
