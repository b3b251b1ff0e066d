/**
 * A config made into data: shaders, bindings, launch words and workgroups, and the memory that all programs
 * of one call run on. This is all that a device needs to try a config; it can be sent to another process.
 */
import type { Binding } from '../../codegen/program.ts'
import { type KernelIr, seenTensors } from '../../ir/kernel_ir.ts'
import type { CallArguments } from '../../kernel/call_arguments.ts'
import { type LaunchPlan, launchWords, localTensors, type PlannedScratch } from '../../kernel/launch_plan.ts'
import type { GridSize } from '../../runtime/commands/launch.ts'
import type { Storage } from '../../runtime/memory/storage.ts'
import type { PipelineRequest } from '../../runtime/pipelines/pipeline_request.ts'
import { sha16 } from '../../support/stable.ts'
import type { StorageType } from '../../support/storage_types.ts'
import type { KernelWrites } from './kernel_writes.ts'

export interface TrialDispatch extends PipelineRequest {
  readonly bindings: readonly Binding[]
  /** All launch words, those of scalars too. */
  readonly words: Uint32Array<ArrayBuffer>
  readonly grid: GridSize
}

export interface TrialProgram {
  /** Equal ones run the same shaders in the same way. */
  readonly hash: string
  readonly dispatches: readonly TrialDispatch[]
  readonly scratch: readonly PlannedScratch[]
}

/** One tensor of a call. */
export interface TrialTensor {
  readonly dtype: StorageType
  readonly shape: readonly number[]
  /** Which of the memories of arguments it is; undefined for what the kernel allocates. */
  readonly contents: number | undefined
  readonly written: boolean
  /** What the kernel wants its own tensor filled with. */
  readonly fill: number | undefined
}

/** What all trials of one call share. */
export interface TrialSubject {
  /** For messages. */
  readonly kernel: string
  /** By tensor id of the kernel. */
  readonly tensors: readonly TrialTensor[]
  /** Whether caches are emptied before each sample. */
  readonly flushCache: boolean
}

export function trialProgram({ dispatches, scratch }: LaunchPlan, scalars: readonly number[]): TrialProgram {
  return {
    hash: sha16(dispatches.map(({ request, grid, words }) => [request.wgsl, grid, [...words]])),
    dispatches: dispatches.map((dispatch): TrialDispatch => {
      const { label, wgsl, bindings, wordsIn } = dispatch.request
      return { label, wgsl, bindings, wordsIn, words: launchWords(dispatch, scalars), grid: dispatch.grid }
    }),
    scratch,
  }
}

/** The tensors of a call, and the memories of its arguments, each once. */
export function trialSubject(
  ir: KernelIr,
  { lastGrid }: KernelWrites,
  call: CallArguments,
  flushCache = true,
): { readonly subject: TrialSubject; readonly contents: readonly Storage[] } {
  const contents = [...new Set(call.tensors.map(({ storage }) => storage))]
  const locals = new Map(localTensors(ir, call).map((local) => [local.id, local]))
  let argument = 0
  const tensors = seenTensors(ir).map(({ id }): TrialTensor => {
    const written = lastGrid.has(id)
    const local = locals.get(id)
    if (local) return { ...pick(local), contents: undefined, written, fill: local.fill }
    const tensor = call.tensors[argument++]
    if (!tensor) throw new Error(`no tensor ${id} in this call`)
    return { ...pick(tensor.memory), contents: contents.indexOf(tensor.storage), written, fill: undefined }
  })
  return { subject: { kernel: ir.name, tensors, flushCache }, contents }
}

function pick({ dtype, shape }: Pick<TrialTensor, 'dtype' | 'shape'>): Pick<TrialTensor, 'dtype' | 'shape'> {
  return { dtype, shape }
}
