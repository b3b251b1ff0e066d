/**
 * A compiled kernel as plain data, with everything that a launcher needs beside a GPUDevice: it survives
 * JSON, and knows nothing of this package.
 */
import type { LaunchGrid, LaunchWord, WgslDispatch, WgslProgram } from '../codegen/program.ts'
import { guardOnConfig } from '../ir/block_sizes.ts'
import { type KernelIr, type ReturnTree, seenTensors } from '../ir/kernel_ir.ts'
import type { Size, SizeOp } from '../ir/size.ts'
import type { DType } from '../support/dtypes.ts'
import type { StorageType } from '../support/storage_types.ts'

/** A number, a dimension of a tensor of the caller's, or an operation on two sizes. All are whole numbers. */
export type SizeData =
  | number
  | { readonly tensor: number; readonly axis: number }
  | { readonly op: SizeOp; readonly args: readonly [SizeData, SizeData] }

/** A tensor by its place in the program's list. */
export interface ProgramTensor {
  /** The parameter of the kernel function; made up for what the kernel allocates. */
  readonly name: string
  /** `argument`: the caller gives it; `local`: the launcher allocates it for every launch. */
  readonly role: 'argument' | 'local'
  /** What its memory holds, row after row. The buffer is filled up to 16 bytes, which programs may touch. */
  readonly dtype: StorageType
  /** The last dimension is contiguous. */
  readonly shape: readonly SizeData[]
  /** What a local tensor holds before the launch; undefined leaves it as it is. */
  readonly fill: number | undefined
}

/** One 4-byte word that a dispatch gets: a size as u32, or a number among the arguments. */
export type ProgramWord = { readonly size: SizeData } | { readonly scalar: number; readonly dtype: DType }

/** One dispatch of a program: its WGSL, and what it is launched with. */
export interface ProgramDispatch extends Pick<WgslDispatch, 'label' | 'wgsl' | 'workgroupSize' | 'wordsIn'> {
  /** Group 0, binding i: a tensor or scratch memory by its place. */
  readonly bindings: WgslDispatch['bindings']
  /** In `var<immediate>`, or in a uniform buffer at the binding after the last one, filled up to 16 bytes. */
  readonly words: readonly ProgramWord[]
  /**
   * Workgroups: `linear`, so many in all, which may be spread over x and y, y rows of ceil(count / y); or
   * `xyz`, a count for each.
   */
  readonly workgroups: { readonly linear: SizeData } | { readonly xyz: readonly SizeData[] }
}

/** What `binding.toProgram(config)` gives. */
export interface KernelProgram {
  /** The kernel's. */
  readonly name: string
  /** The arguments in order, then those that the launcher allocates. */
  readonly tensors: readonly ProgramTensor[]
  /** Names of the numbers among the arguments. */
  readonly scalars: readonly string[]
  /**
   * Buffers that the dispatches of one launch share, nothing else sees, and the launcher allocates, filled up
   * to 16 bytes.
   */
  readonly scratch: readonly { readonly bytes: SizeData; readonly fill: number | undefined }[]
  /** To be run in this order. */
  readonly dispatches: readonly ProgramDispatch[]
  /** What must hold for the sizes of a launch. */
  readonly guards: readonly {
    readonly left: SizeData
    readonly relation: 'eq' | 'le'
    readonly right: SizeData
    readonly reason: string
  }[]
  /** What the kernel returns, tensors by their place. */
  readonly returns: ReturnTree
}

/** The data of a compiled kernel. */
export function kernelProgram(ir: KernelIr, compiled: WgslProgram): KernelProgram {
  return {
    name: ir.name,
    tensors: seenTensors(ir).map(({ name, role, dtype, shape, fill }) => {
      const seen = role === 'argument' ? role : 'local'
      return { name, role: seen, dtype, shape: shape.map(sizeData), fill }
    }),
    scalars: ir.scalars.map(({ name }) => name),
    scratch: compiled.scratch.map(({ bytes, fill }) => ({ bytes: sizeData(bytes), fill })),
    dispatches: compiled.dispatches.map(({ label, wgsl, workgroupSize, bindings, words, wordsIn, grid }) => {
      const launched = { words: words.map(wordData), wordsIn, workgroups: workgroupData(grid) }
      return { label, wgsl, workgroupSize, bindings, ...launched }
    }),
    guards: [...ir.guards.filter((guard) => !guardOnConfig(guard)), ...compiled.guards].map(
      ({ left, relation, right, reason }) => {
        return { left: sizeData(left), relation, right: sizeData(right), reason }
      },
    ),
    returns: ir.returns,
  }
}

function sizeData(size: Size): SizeData {
  if (typeof size === 'number') return size
  if (size.op === 'symbol') return { tensor: size.tensor, axis: size.axis }
  if (size.op === 'block_size') throw new Error(`a compiled program depends on ${size.key}`)
  return { op: size.op, args: [sizeData(size.args[0]), sizeData(size.args[1])] }
}

function wordData(word: LaunchWord): ProgramWord {
  return word.kind === 'size' ? { size: sizeData(word.size) } : { scalar: word.scalar, dtype: word.dtype }
}

function workgroupData(grid: LaunchGrid): ProgramDispatch['workgroups'] {
  return grid.kind === 'linear' ? { linear: sizeData(grid.count) } : { xyz: grid.counts.map(sizeData) }
}
