/**
 * A build as the command line asks for it: paths instead of texts, options as flags give them. Reads what it
 * is told to read, finds earlier modules, builds, writes, and says what happened; printing is left to the
 * caller.
 */
import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { DataError, EXIT, errorMessage, UsageError } from '../../support/errors.ts'
import { fileError } from '../../support/file_errors.ts'
import { readText } from '../../support/files.ts'
import { parseJson } from '../../support/json.ts'
import { checkWeight, leftOut } from '../line_checks.ts'
import { type BuildOptions, type BuildResult, buildHeuristics } from './build.ts'
import type { PreviousChoices } from './decide/previous_choices.ts'
import { furtherText, TOO_FEW_HELD_OUT, worstOfKeptText } from './decide/statistics.ts'
import { readModule } from './emit/read_module.ts'
import { inputFiles, isFolder } from './input/input_files.ts'
import type { Sweep } from './input/sweep.ts'
import { scoreMatrix } from './score_matrix.ts'
import { modulePath, type WrittenBuild, writeBuild } from './write_build.ts'

export interface RunBuildOptions extends Omit<BuildOptions, 'files' | 'weights' | 'previous'> {
  /** Records files, measurement CSVs, and folders of runs. */
  readonly measurements: readonly string[]
  readonly outDir?: string | undefined
  /** Folder for summary, evaluation and report; `outDir` when absent, else that of the measurements. */
  readonly reportDir?: string | undefined
  readonly hardwareId?: string | undefined
  /** `--weights`: a JSON file, shape hash to weight. */
  readonly weightsFile?: string | undefined
  /** `--previous`: a module to stay close to; the one about to be replaced when absent. */
  readonly previousFile?: string | undefined
  /** `--file-header`: text, or `@path` of a file that holds it. */
  readonly fileHeader?: string | undefined
  /** `--dump-code`: the modules are returned in `stdout`, nothing is written. */
  readonly dumpCode?: boolean | undefined
  /** `--no-score-matrix` makes this false. */
  readonly scoreMatrix?: boolean | undefined
}

export interface RunBuildOutcome {
  readonly result: BuildResult
  /** Null with `dumpCode`. */
  readonly written: WrittenBuild | null
  /** For standard output: the code, when it was asked for. */
  readonly stdout: string
  /** For people, line by line: refused lines, warnings, results. */
  readonly messages: readonly string[]
  readonly exitCode: number
}

/** Throws UsageError for options and missing files, DataError when there is nothing to build from. */
export function runBuild(options: RunBuildOptions): RunBuildOutcome {
  if (options.measurements.length === 0)
    throw new UsageError('no measurements to build from', {
      remedy: 'Give at least one file with --measurements.',
    })
  const reportDir = options.reportDir ?? options.outDir ?? folderOf(options.measurements[0] ?? '.')
  const notes: string[] = []
  const weights = options.weightsFile === undefined ? undefined : readWeights(options.weightsFile)
  const result = buildHeuristics({
    ...options,
    files: inputFiles(options.measurements),
    weights,
    fileHeader: headerText(options.fileHeader),
    previous: (sweep, fileName) => findPrevious(sweep, fileName, options, reportDir, notes),
  })
  const written = options.dumpCode ? null : writeBuild(result, { ...options, reportDir })
  return {
    result,
    written,
    stdout: options.dumpCode ? result.kernels.map(({ text }) => text).join('\n') : '',
    messages: [
      ...notes,
      ...unknownWeights(weights, result),
      ...messagesOf(result, written, options.scoreMatrix ?? true),
    ],
    exitCode: exitCodeOf(result, written),
  }
}

function folderOf(path: string): string {
  return isFolder(path) ? path : dirname(path)
}

/** Shape hash to weight from a JSON file. */
function readWeights(path: string): Readonly<Record<string, number>> {
  const text = readNamed('--weights', path)
  try {
    const weights = parseJson(text) as Record<string, unknown>
    if (typeof weights !== 'object' || weights === null || Array.isArray(weights))
      throw new Error('it holds no object')
    return Object.fromEntries(
      Object.entries(weights).map(([hash, weight]) => [hash, checkWeight(weight, `the weight of ${hash}`)]),
    )
  } catch (error) {
    throw new UsageError(`cannot use the weights in ${path}: ${errorMessage(error)}`, {
      remedy: 'Write a JSON object with such a number for each shape hash.',
    })
  }
}

/** A weight for a shape that is not in the sweep is probably a slip. */
function unknownWeights(
  weights: Readonly<Record<string, number>> | undefined,
  { kernels }: BuildResult,
): string[] {
  const known = new Set(kernels.flatMap(({ decision }) => decision.sweep.shapes.map(({ hash }) => hash)))
  return Object.keys(weights ?? {})
    .filter((hash) => !known.has(hash))
    .map((hash) => `--weights: no shape ${hash} was measured`)
}

function headerText(header: string | undefined): string | undefined {
  if (header === undefined || !header.startsWith('@')) return header
  return readNamed('--file-header', header.slice(1))
}

/** The text of a file that a flag names. Throws UsageError. */
function readNamed(flag: string, path: string): string {
  try {
    return readText(path)
  } catch (error) {
    const { what, remedy } = error instanceof DataError ? error : (fileError(error) ?? {})
    if (what === undefined) throw error
    const why = existsSync(path) ? `which cannot be used: ${what}` : 'which does not exist'
    throw new UsageError(`${flag} names ${path}, ${why}`, { remedy, cause: error })
  }
}

/** Earlier choices: of the module named by `--previous`, else of the one that is about to be replaced. */
function findPrevious(
  sweep: Sweep,
  fileName: string,
  options: RunBuildOptions,
  reportDir: string,
  notes: string[],
): PreviousChoices | undefined {
  const place = { outDir: options.outDir, reportDir }
  const given = options.previousFile
  const path = given ?? modulePath({ sourceFile: sweep.facts?.source_file, fileName }, place)
  if (given === undefined && !existsSync(path)) return undefined
  try {
    const text = given === undefined ? readText(path) : readNamed('--previous', path)
    return readModule(text, sweep.kernel, path)
  } catch (error) {
    const known = error instanceof DataError ? error : fileError(error)
    if (known === undefined) throw error
    notes.push(`earlier module not used: ${known.message}`)
    return undefined
  }
}

const MATRIX_LEGEND = 'slowdown by shape and config (#: config that is kept, *: choice of the module)'

function messagesOf(result: BuildResult, written: WrittenBuild | null, matrix: boolean): string[] {
  const lines = [...leftOut(result.problems)]
  for (const { kernel, decision, evaluation, summary } of result.kernels) {
    if (matrix) lines.push(`${kernel}: ${MATRIX_LEGEND}`, scoreMatrix(decision, evaluation))
    const heldOut = summary.held_out
      ? `${summary.held_out.geomean.toFixed(3)} held out`
      : `${worstOfKeptText(decision.worstOfKept)}; ${TOO_FEW_HELD_OUT}`
    lines.push(
      `${kernel}: ${summary.num_configs} of ${decision.sweep.configs.length} configs, ` +
        `${summary.leaves} ${summary.leaves === 1 ? 'leaf' : 'leaves'}, ` +
        `time over best time ${summary.training.geomean.toFixed(3)}, ${heldOut}` +
        `${decision.further ? `; ${furtherText(decision.further)}` : ''}`,
      ...summary.warnings.map((warning) => `${kernel}: warning: ${warning}`),
    )
  }
  lines.push(...result.failed.map(({ kernel, reason }) => `${kernel}: failed: ${reason}`))
  for (const path of written?.modules ?? []) lines.push(`wrote ${path}`)
  if (written) {
    const { failed, report } = written
    lines.push(...new Set(failed.map(({ reason }) => reason)))
    if (failed.every(({ path }) => path !== report)) lines.push(`wrote ${report}`)
  }
  return lines
}

/** Partial beats a missed goal: first every kernel and every shape, then how good. */
function exitCodeOf({ kernels, failed }: BuildResult, written: WrittenBuild | null): number {
  if (written?.modules.length === 0 && kernels.length > 0) return EXIT.unexpected
  const isPartial = failed.length > 0 || kernels.some(({ evaluation }) => evaluation.coverage < 1)
  if (isPartial || (written?.failed.length ?? 0) > 0) return EXIT.partial
  const missed = kernels.some(({ decision }) => !decision.goal.met)
  return missed ? EXIT.goalMissed : EXIT.done
}
