/** What the phases of a run share, and what they answer. */

import type { RegretNumbers } from '../aot/evaluate/emit/meta.ts'
import type { RunBuildOutcome } from '../aot/evaluate/run_build.ts'
import type { RunFiles } from '../aot/run/run_folder.ts'
import type { ModuleScore } from '../aot/verdict/score_module.ts'
import type { RunFlags } from './arguments.ts'
import type { Console } from './console.ts'
import type { Interrupts } from './interrupts.ts'
import type { RunPlan } from './run_plan.ts'

export interface Run {
  readonly plan: RunPlan
  readonly flags: RunFlags
  readonly files: RunFiles
  readonly console: Console
  readonly interrupts: Interrupts
  /** Of this process as it was started: opening a device changes it. */
  readonly environment: Readonly<NodeJS.ProcessEnv>
  /** What the build phase made, for the phases behind it. */
  built?: RunBuildOutcome
  /** What the evaluate phase found. */
  verdicts?: readonly KernelVerdict[]
}

export interface PhaseResult {
  /** Why the run cannot go on. */
  readonly failed?: string
  /** Some kernels or shapes are missing from the result. */
  readonly partial?: boolean
  readonly goalMissed?: boolean
}

/** What is known of a kernel at the end. */
export interface KernelVerdict {
  readonly kernel: string
  readonly module: string
  readonly score: ModuleScore
  /** As the module says; null for sweeps that are too small to hold anything out. */
  readonly heldOut: RegretNumbers | null
  /** Shapes of the user's program for which the module decided. */
  readonly used: number
  /** What speaks against it; empty when the program finds and uses the module. */
  readonly doubts: readonly string[]
}

/** A sentence about kernels that `--kernel` names and that are not among those measured. */
export function absentKernels({ flags, files }: Run, measured: readonly string[]): string | undefined {
  const absent = flags.kernel.filter((name) => !measured.includes(name))
  if (absent.length === 0) return undefined
  return `${files.records} has no measurements of ${absent.join(', ')}, which --kernel names`
}
