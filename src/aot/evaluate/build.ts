/**
 * The build: measurements in, one TypeScript module per kernel out, with a summary, an evaluation of the
 * emitted code and a report. Nothing is written here (see write_build.ts) and nothing depends on the clock or
 * on chance: the same measurements give the same text.
 */
import { moduleFileName } from '../../heuristics/module_names.ts'
import { DataError } from '../../support/errors.ts'
import { formatProblem, type LineProblem } from '../line_checks.ts'
import { decide } from './decide/decide.ts'
import type { Decision } from './decide/decision.ts'
import type { PreviousChoices } from './decide/previous_choices.ts'
import { type DecisionOptions, toSettings } from './decide/settings.ts'
import { moduleText } from './emit/module_text.ts'
import { type Evaluation, evaluateModule } from './evaluate_module.ts'
import { type InputFile, readSweeps } from './input/read_sweeps.ts'
import type { SearchTrace } from './input/search_traces.ts'
import type { Sweep } from './input/sweep.ts'
import { type KernelSummary, summarise } from './summary.ts'

export interface BuildOptions extends DecisionOptions {
  /** Records and measurement CSVs; see `inputFile`. */
  readonly files: readonly InputFile[]
  /** Device family for names; taken from the records when absent, `unknown_device` for CSVs alone. */
  readonly device?: string | undefined
  readonly kernels?: readonly string[] | undefined
  /** Weight by shape hash. */
  readonly weights?: Readonly<Record<string, number>> | undefined
  readonly fileHeader?: string | undefined
  /** Name and version of this tool, for the modules' headers. */
  readonly tool?: string | undefined
  /** What an earlier module of that file name chose for a kernel. */
  readonly previous?: ((sweep: Sweep, fileName: string) => PreviousChoices | undefined) | undefined
}

export interface BuiltKernel {
  readonly kernel: string
  /** File the kernel is defined in, where the records say. */
  readonly sourceFile: string | undefined
  readonly fileName: string
  readonly text: string
  readonly decision: Decision
  readonly summary: KernelSummary
  readonly evaluation: Evaluation
  /** What its searches tried, where the records say. */
  readonly searches: readonly SearchTrace[]
}

export interface FailedKernel {
  readonly kernel: string
  readonly reason: string
}

export interface BuildResult {
  readonly device: string
  readonly kernels: readonly BuiltKernel[]
  /** Kernels for which there is nothing to decide from. */
  readonly failed: readonly FailedKernel[]
  readonly problems: readonly LineProblem[]
}

const UNKNOWN_DEVICE = 'unknown_device'

/**
 * Builds all kernels. Throws UsageError for options, DataError when no file holds a usable measurement; a
 * kernel that cannot be built is listed under `failed`.
 */
export function buildHeuristics(options: BuildOptions): BuildResult {
  const settings = toSettings(options)
  const { sweeps, searches, problems, device: found } = readSweeps(options.files, options)
  if (sweeps.length === 0) throw noMeasurements(options, problems)
  const device = options.device ?? found ?? UNKNOWN_DEVICE
  const emit = { tool: options.tool ?? 'helion-aot', device, fileHeader: options.fileHeader }
  const kernels: BuiltKernel[] = []
  const failed: FailedKernel[] = []
  for (const sweep of sweeps) {
    try {
      const fileName = moduleFileName(sweep.kernel, device)
      const decision = decide(sweep, settings, options.previous?.(sweep, fileName))
      const text = moduleText(decision, emit)
      const evaluation = evaluateModule(text, fileName, decision)
      kernels.push({
        kernel: sweep.kernel,
        sourceFile: sweep.facts?.source_file,
        fileName,
        text,
        decision,
        summary: summarise(decision, evaluation),
        evaluation,
        searches: searches.filter(({ kernel }) => kernel === sweep.kernel),
      })
    } catch (error) {
      if (!(error instanceof DataError)) throw error
      failed.push({ kernel: sweep.kernel, reason: error.message })
    }
  }
  return { device, kernels, failed, problems }
}

function noMeasurements({ files, kernels = [] }: BuildOptions, problems: readonly LineProblem[]): DataError {
  const wanted = kernels.length > 0 ? ` of ${kernels.join(', ')}` : ''
  const names = files.map(({ path }) => path).join(', ') || 'no file given'
  const refused = problems.slice(0, 3).map(formatProblem)
  const more = problems.length > refused.length ? `\n  and ${problems.length - refused.length} more` : ''
  const told = `\n  ${refused.join('\n  ')}${more}`
  return new DataError(`no usable measurement${wanted} in ${names}${refused.length > 0 ? `:${told}` : ''}`, {
    remedy: 'Measure first, or check the path and the names of kernels.',
  })
}
