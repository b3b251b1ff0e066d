/** Values that move between random layouts: every element arrives in every copy, on the GPU. */

import { expect, it } from 'vitest'
import { bitRange, type CoordinateBit, Layout } from '../../src/codegen/layout/layout.ts'
import { BoundConfig } from '../../src/codegen/plan/bound_config.ts'
import { programFor } from '../../src/codegen/plan/plan.ts'
import { placeBarriers } from '../../src/codegen/schedule/place_barriers.ts'
import { configSpecInput } from '../../src/codegen/space/config_spec_of.ts'
import { Lowering } from '../../src/codegen/state/lowering.ts'
import { chunkRegisters, element, named, type Registers } from '../../src/codegen/state/registers.ts'
import type { Expr } from '../../src/codegen/thread/expr.ts'
import type { MemoryArray } from '../../src/codegen/thread/memory.ts'
import type { ThreadProgram } from '../../src/codegen/thread/program.ts'
import { typeOf, type Width } from '../../src/codegen/thread/types.ts'
import { convertLayout } from '../../src/codegen/values/convert_layout.ts'
import { printProgram } from '../../src/codegen/wgsl/print_program.ts'
import { ConfigSpec } from '../../src/config/config_spec.ts'
import { hl, type Tensor } from '../../src/language/index.ts'
import { defaultStream, getDevice } from '../../src/runtime/default_device.ts'
import { DeviceTensor } from '../../src/runtime/tensor/tensor.ts'
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
  const bound = new BoundConfig(kernel, spec.normalize(config, 'strict'), device.limits)
  return new Lowering([], { program: programFor(bound), bound })
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

const buffer = (name: string): MemoryArray => ({
  space: 'storage',
  name,
  element: typeOf('f32', 1),
  atomic: false,
  tensor: undefined,
})
const [SOURCE, RESULT] = [buffer('source'), buffer('result')]

/** Where a thread's elements lie in a table: `table[first + thread * size + register]`. */
function placeIn({ e, thread }: Lowering, layout: Layout, first: number, register: number): Expr {
  return e.sum([e.mul(thread, e.u32(layout.size))], first + register)
}

/** The tile's values, from a table. */
function loaded(lowering: Lowering, layout: Layout, dtype: DType, first: number): Registers {
  const { e, out } = lowering
  const chunks = chunkRegisters(layout).map((registers) => {
    const elements = registers.map((register) => {
      const read = out.let('read', e.read(SOURCE, placeIn(lowering, layout, first, register)))
      return dtype === 'bool' ? e.binary('!=', read, e.literal(0, 'f32')) : e.convert(dtype, read)
    })
    return e.vector(elements, registers.length as Width)
  })
  return named(out, { layout, dtype, chunks }, 'v')
}

interface Pair {
  readonly from: Layout
  readonly to: Layout
}

/** Writes a shader that moves a value for each pair, one after the other, and what it should store. */
function shaderOf(dtype: DType, pairs: readonly Pair[], [r, c, t]: readonly [number, number, number]) {
  const lowering = loweringOf(r, c, t)
  const { e, out } = lowering
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
      const value = element(e, moved, i)
      const number =
        dtype === 'bool' ? e.select(e.literal(0, 'f32'), e.literal(1, 'f32'), value) : e.convert('f32', value)
      out.store(RESULT, placeIn(lowering, to, wanted.length, i), number, {})
    }
    source.push(...elements(from))
    wanted.push(...elements(to))
  }
  const program: ThreadProgram = {
    ...lowering.threadProgram(placeBarriers(out.statements)),
    buffers: [
      { tensor: 0, access: 'read', array: SOURCE, stored: 'f32' },
      { tensor: 1, access: 'read_write', array: RESULT, stored: 'f32' },
    ],
  }
  const wgsl = printProgram(program, 'immediate')
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
