/** What trials of tunables have in common, whatever their configs come to. */
import type { Config } from '../../config/config.ts'
import type { TunableSpace } from '../../config/tunable_space.ts'
import type { CallArguments } from '../../kernel/call_arguments.ts'
import type { Tensor } from '../../language/index.ts'

/** A shader and how it is launched. */
export interface WgslLaunch {
  /** With one compute entry point, and its storage buffers in group 0. */
  readonly wgsl: string
  /** Workgroups along x, y and z; a number stands for x alone. */
  readonly workgroups: number | readonly number[]
  /** Tensors by binding, of those in `args`; all of `args` when absent. */
  readonly bindings?: readonly Tensor[]
}

/** What a config comes to: WGSL with its launch, several in a row, or a function of the arguments. */
export type Compiled = WgslLaunch | readonly WgslLaunch[] | ((...args: never[]) => unknown)

/** What must be left: values for each tensor, by its position; null where they do not matter. */
export type ExpectedValues = readonly (ArrayLike<number> | null | undefined)[]

/** What trials of tunables are made from. */
export interface TunableParts {
  readonly name: string
  readonly call: CallArguments
  readonly space: TunableSpace
  readonly compiled: (config: Config) => Promise<Compiled>
  readonly expected: () => Promise<ExpectedValues | undefined>
}
