/**
 * Writing a build: modules beside their sources or into one folder, summary, evaluation and report beside the
 * records. Every file is the old one or the new one, whatever happens.
 */
import { existsSync } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import { UsageError } from '../../support/errors.ts'
import { fileError } from '../../support/file_errors.ts'
import { insideFolder, writeFileAtomic } from '../../support/files.ts'
import { formatProblem } from '../line_checks.ts'
import type { BuildResult, BuiltKernel } from './build.ts'
import { isInProjectOf } from './project_of.ts'
import { kernelReport, type ReportData } from './report/report_data.ts'
import { reportPage } from './report/report_page.ts'

export interface WriteOptions {
  /**
   * Folder for modules; when absent they go beside their kernel's source, or into `reportDir` where there is
   * none.
   */
  readonly outDir?: string | undefined
  /** Folder for the summary, the evaluation and the report; the run folder, or the folder of a CSV. */
  readonly reportDir: string
  /** For the names of the files in `reportDir`; the device when absent. */
  readonly hardwareId?: string | undefined
  readonly tool?: string | undefined
}

/** Paths of what was written. */
export interface WrittenBuild {
  readonly modules: readonly string[]
  readonly summary: string
  readonly evaluation: string
  readonly report: string
  /** What could not be written, and why in a sentence. */
  readonly failed: readonly UnwrittenFile[]
}

export interface UnwrittenFile {
  readonly path: string
  readonly reason: string
}

/** Writes what can be written: one file that cannot be does not keep the others from being. */
export function writeBuild(result: BuildResult, options: WriteOptions): WrittenBuild {
  const places = result.kernels.map((built) => modulePath(built, options))
  for (const path of places) {
    const refusal = refusedPlace(path, options)
    if (refusal !== undefined) throw new UsageError(refusal.what, refusal)
  }
  const failed: UnwrittenFile[] = []
  const tryToWrite = (path: string, text: string): boolean => {
    try {
      writeFileAtomic(path, text)
      return true
    } catch (error) {
      const sentence = fileError(error)
      if (!sentence) throw error
      failed.push({ path, reason: sentence.message })
      return false
    }
  }
  const modules = places.filter((path, i) => tryToWrite(path, result.kernels[i]?.text ?? ''))
  const id = options.hardwareId ?? result.device
  const write = (name: string, text: string): string => {
    const path = insideFolder(options.reportDir, name)
    tryToWrite(path, text)
    return path
  }
  return {
    modules,
    failed,
    summary: write(`heuristic_summary_${id}.json`, toJson(summaries(result))),
    evaluation: write(`evaluation_${id}.json`, toJson(evaluations(result))),
    report: write('report.html', reportPage(reportData(result, options))),
  }
}

/**
 * Where a kernel's module belongs. Records may come from another machine: a source that is not here decides
 * no folder.
 */
export function modulePath(
  { sourceFile, fileName }: Pick<BuiltKernel, 'sourceFile' | 'fileName'>,
  { outDir, reportDir }: Pick<WriteOptions, 'outDir' | 'reportDir'>,
): string {
  const source = sourceFile === undefined ? undefined : resolve(sourceFile)
  const isHere = source !== undefined && existsSync(source)
  return insideFolder(outDir ?? (isHere ? dirname(source) : reportDir), fileName)
}

/**
 * Why no module is written to `path`: installed packages belong to others, and are replaced as a whole; so
 * does what is outside of the projects of the working directory and of the records, which may come from
 * anybody. A folder that the user names is their own choice.
 */
export function refusedPlace(
  path: string,
  { outDir, reportDir }: Pick<WriteOptions, 'outDir' | 'reportDir'>,
): { readonly what: string; readonly remedy: string } | undefined {
  if (outDir !== undefined) return undefined
  if (dirname(path).split(/[\\/]/).includes('node_modules'))
    return {
      what: `${path} would be written among installed packages`,
      remedy:
        'Say where the kernel stands with its option source: import.meta.url, in a file of your own, ' +
        'or name a folder with --out-dir.',
    }
  if (isInProjectOf(dirname(path), [process.cwd(), reportDir])) return undefined
  return {
    what: `${path} would be written outside of this project, where the records say that the kernel stands`,
    remedy: 'Name a folder with --out-dir, or change into the project of the kernel.',
  }
}

/** What the report shows of a build. */
function reportData(result: BuildResult, { tool, hardwareId }: Partial<WriteOptions>): ReportData {
  const run = result.kernels[0]?.decision.sweep.run
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['device', result.device],
    ['hardware', hardwareId ?? run?.hardware_id],
    ['measured', run?.started_at],
    ['tool', tool],
    ['kernels', String(result.kernels.length)],
  ]
  return {
    title: `Heuristics for ${result.device}`,
    device: result.device,
    facts: facts.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])),
    problems: [
      ...result.failed.map(({ kernel, reason }) => `${kernel}: ${reason}`),
      ...result.problems.map((problem) => formatProblem({ ...problem, file: basename(problem.file) })),
    ],
    kernels: result.kernels.map(kernelReport),
  }
}

function summaries({ kernels }: BuildResult): unknown {
  return Object.fromEntries(kernels.map(({ kernel, summary }) => [kernel, summary]))
}

/** Helion's four numbers first; null stands for infinity. */
function evaluations({ kernels }: BuildResult): unknown {
  return Object.fromEntries(
    kernels.map(({ kernel, evaluation, summary }) => [
      kernel,
      {
        max_slowdown: evaluation.statistics.forbidden > 0 ? null : evaluation.statistics.worst,
        geomean_slowdown: evaluation.statistics.geomean,
        avg_slowdown: summary.performance_stats.avg_slowdown,
        coverage: evaluation.coverage,
        further: summary.further,
        held_out: summary.held_out,
        worst_of_kept: summary.worst_of_kept,
        goal: summary.goal,
        shapes: evaluation.shapes,
      },
    ]),
  )
}

function toJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}
