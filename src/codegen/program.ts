/**
 * What the compiler hands to the runtime: WGSL text and everything needed to launch it, as plain data.
 * Dispatches run in order on one queue.
 */
import type { Guard } from '../ir/kernel_ir.ts'
import type { Size } from '../ir/size.ts'
import type { DType } from '../support/dtypes.ts'
import type { StorageType } from '../support/storage_types.ts'

export interface WgslProgram {
  readonly dispatches: readonly WgslDispatch[]
  /** Memory that a launch needs beside the tensors that its caller sees. */
  readonly scratch: readonly ScratchBuffer[]
  /** Conditions of the kernel on sizes that this config decides. */
  readonly guards: readonly Guard[]
}

/** Memory for one launch: its dispatches share it, and its content is worth nothing after. */
export interface ScratchBuffer {
  readonly bytes: Size
  readonly dtype: StorageType
  /** What it holds before; undefined leaves it as it is. */
  readonly fill: number | undefined
}

export interface WgslDispatch {
  readonly label: string
  readonly wgsl: string
  /** Invocations per workgroup, along x. */
  readonly workgroupSize: number
  /** Group 0, binding i. */
  readonly bindings: readonly Binding[]
  /**
   * 4-byte values of the launch block, in order: `var<immediate>`, or a uniform buffer at the next binding.
   */
  readonly words: readonly LaunchWord[]
  readonly wordsIn: 'immediate' | 'uniform'
  readonly grid: LaunchGrid
  /** Bytes of workgroup memory, and 32-bit registers that are live per invocation. For reports. */
  readonly workgroupBytes: number
  readonly registers: number
}

/** A tensor by its id in the kernel, or scratch by its place in the program's list. */
export type Memory = { readonly tensor: number } | { readonly scratch: number }

export type Binding = Memory & { readonly access: 'read' | 'read_write' }

export type LaunchWord =
  | { readonly kind: 'size'; readonly size: Size }
  | { readonly kind: 'scalar'; readonly scalar: number; readonly dtype: DType }

/**
 * `linear`: that many workgroups, folded over x and y; `xyz`: one count per dimension, at most 65,535 each.
 */
export type LaunchGrid =
  | { readonly kind: 'linear'; readonly count: Size }
  | { readonly kind: 'xyz'; readonly counts: readonly [Size, Size, Size] }

/** `[m, k] · [k, n]` of elements of one type, as memory has them, added up in another. */
export interface SubgroupMatrix {
  readonly m: number
  readonly n: number
  readonly k: number
  readonly operand: StorageType
  readonly result: DType
}

/** What the compiler may rely on; taken from a GPUDevice by the runtime, or made up in tests. */
export interface DeviceLimits {
  readonly maxWorkgroupInvocations: number
  readonly maxWorkgroupBytes: number
  readonly maxWorkgroupsPerDimension: number
  readonly maxStorageBindings: number
  readonly maxBindingBytes: number
  /** Bytes of `var<immediate>`, 0 where the feature is missing. */
  readonly maxImmediateBytes: number
  /** Subgroup size when it is fixed and subgroup operations are available, else 0. */
  readonly subgroupSize: number
  /** What one instruction of a subgroup multiplies, the best first; none where the feature is missing. */
  readonly subgroupMatrices: readonly SubgroupMatrix[]
  readonly shaderF16: boolean
  /** WGSL has products of four integers of 8 bits in a word. */
  readonly packedDots: boolean
  /** The adapter computes on the processor: few units, no need to hide the latency of memory. */
  readonly software: boolean
  /** Streaming multiprocessors, compute units or cores; a guess where the API says nothing. */
  readonly computeUnits: number
  /**
   * 32-bit registers per invocation that a kernel of 128 invocations may use before it spills; a guess too.
   */
  readonly registerBudget: number
}
