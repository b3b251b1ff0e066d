/** What makes the programs that a ProgramBenchmarker tries. */
import type { Config } from '../../config/config.ts'
import type { Expected } from './accuracy.ts'
import type { Places, RunnerRequest, TrialRunner } from './trial_runner.ts'

/** What can be tried. */
export interface AnyProgram {
  /** Equal ones do the same. */
  readonly hash: string
}

/** Makes programs of configs, and knows what they should do. */
export interface ProgramSource<Program extends AnyProgram> {
  /** What is tried in the place of a config; null when it is refused. */
  filtered(config: Config): Config | null
  /** Configs that are alike in what may crash have the same family. */
  familyOf(config: Config): string
  /** Throws ConfigError when the config cannot be built. */
  programOf(config: Config): Program | Promise<Program>
  /** What every program should leave; `answers` runs one. */
  expected(config: Config, answers: Answers<Program>): Promise<readonly Expected[]>
  /** What runs the programs; asked for once, before the first is tried. `onHanded`: see RunnerRequest. */
  open(onHanded: RunnerRequest['onHanded']): Promise<TrialRunner<Program>>
}

/** Bytes that a program leaves at some places; undefined when it does not run. */
export type Answers<Program> = (
  make: () => Program | Promise<Program>,
  places: Places,
) => Promise<ReadonlyMap<number, ArrayBuffer> | undefined>
