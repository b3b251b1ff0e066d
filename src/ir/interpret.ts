/**
 * The reference interpreter: runs a traced kernel on the CPU, program by program. Slow and plain on purpose;
 * it is the truth that compiled kernels are checked against, in tests and before a config may win a search.
 */
import { nextPowerOf2, product } from '../support/maths.ts'
import { STORAGE } from '../support/storage_types.ts'
import { resolveBlockSizes } from './block_sizes.ts'
import { type HostTensor, Interpreter, type InterpretOptions, sizesOf } from './interpreter.ts'
import { addressable, type KernelIr, seenTensors, type TensorInfo } from './kernel_ir.ts'
import { recastData } from './recast_data.ts'
import { rowsOf, type TileProgram, type TileTensor } from './tile_program.ts'

export type { HostTensor, InterpretOptions }

/**
 * Runs `traced` on `tensors` (by id; local ones included, they are filled here, scratch memory only where it
 * is to be seen) and `scalars`, in place. Positions outside a tensor read as zero and are not written.
 */
export function interpretKernel(
  traced: KernelIr,
  tensors: readonly HostTensor[],
  scalars: readonly number[],
  options: InterpretOptions = {},
): void {
  const kernel = resolveBlockSizes(traced, (id) => blockSize(traced, id, tensors, options))
  if (tensors.length < seenTensors(kernel).length) fail(`no tensor ${tensors.length}`)
  const shown = addressable(kernel).map((view, id) => ({ ...view, id, memory: view.tensor }))
  const all = tensorsOf(shown, tensors)
  fillLocals(kernel.tensors, all)
  kernel.grids.forEach((grid, number) => {
    const interpreter = new Interpreter(kernel, all, shown, scalars, options, options.extentOf)
    interpreter.grid({ ...grid, rows: rowsOf(kernel, number) }, number)
  })
}

/**
 * Runs a program as it is between two passes, in place. `tensors` are those of the kernel, by id; the
 * program's scratch memory begins as NaN, as nothing is known of it.
 */
export function interpretTileProgram(
  program: TileProgram,
  tensors: readonly HostTensor[],
  scalars: readonly number[],
): void {
  const all = tensorsOf(program.tensors, tensors)
  fillLocals(program.tensors, all)
  program.grids.forEach((grid, number) => {
    new Interpreter(program, all, program.tensors, scalars).grid(grid, number)
  })
}

/** Of ranges whose end is data. */
const NOMINAL_EXTENT = 64

/** The extent of the tiles that sizes name: the whole range, unless somebody says otherwise. */
function blockSize(
  { blocks }: KernelIr,
  id: number,
  tensors: readonly HostTensor[],
  { extentOf }: InterpretOptions,
): number {
  const block = blocks.find((one) => one.id === id) ?? fail(`no block ${id}`)
  const { least = 1, size, end, kind } = block
  const whole = kind === 'tile' && end === undefined ? NOMINAL_EXTENT : nextPowerOf2(sizesOf(tensors)(size))
  return Math.max(least, extentOf?.(block) ?? whole)
}

/** Gives local tensors what the kernel fills them with. */
function fillLocals(
  infos: readonly Pick<TensorInfo, 'id' | 'dtype' | 'fill'>[],
  tensors: readonly HostTensor[],
) {
  for (const { id, dtype, fill } of infos) {
    const tensor = tensors[id]
    if (fill === undefined || !tensor) continue
    for (let i = 0; i < tensor.data.length; i++) tensor.data[i] = STORAGE[dtype].round(fill)
  }
}

/** The given tensors, and behind them other shapes of their memory, and memory that passes added. */
function tensorsOf(
  shown: readonly Pick<TileTensor, 'id' | 'memory' | 'dtype' | 'shape'>[],
  given: readonly HostTensor[],
): readonly HostTensor[] {
  const sizeOf = sizesOf(given)
  const all = [...given]
  for (const { id, memory, dtype, shape: sizes } of shown.slice(given.length)) {
    const shape = sizes.map(sizeOf)
    if (memory === id) all.push({ shape, data: new Float64Array(product(shape)).fill(Number.NaN) })
    else {
      const { data, table } = all[memory] ?? fail(`no tensor ${memory}`)
      const stored = shown[memory]?.dtype ?? dtype
      if (stored === dtype) all.push({ shape, data, table })
      else all.push({ shape, data: recastData(decoded(data, table), stored, dtype) })
    }
  }
  return all
}

/** The numbers that codes stand for. By no function for each: of 2^27 elements that ends the process. */
export function decoded(data: HostTensor['data'], table: HostTensor['table']): HostTensor['data'] {
  if (!table) return data
  const numbers = new Float64Array(data.length)
  for (let i = 0; i < data.length; i++) numbers[i] = table[data[i] ?? 0] ?? 0
  return numbers
}

function fail(what: string): never {
  throw new Error(`interpreter: ${what}`)
}
