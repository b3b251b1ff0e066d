/** From flags to the options of a build; wrong ones are found before any work begins. */
import { toSettings } from '../aot/evaluate/decide/settings.ts'
import type { RunBuildOptions } from '../aot/evaluate/run_build.ts'
import { toolName } from '../support/package_version.ts'
import type { BuildFlags } from './arguments.ts'

/** Throws UsageError. */
export function buildOptions(flags: BuildFlags, measurements: readonly string[]): RunBuildOptions {
  const options: RunBuildOptions = {
    measurements,
    kernels: flags.kernel,
    threshold: flags.threshold,
    maxConfigs: flags.maxConfigs,
    goal: flags.goal,
    configPrice: flags.configPrice,
    singleConfig: flags.singleConfig,
    backend: flags.backend,
    outside: flags.outside,
    outDir: flags.outDir,
    fileHeader: flags.fileHeader,
    weightsFile: flags.weights,
    previousFile: flags.previous,
    dumpCode: flags.dumpCode,
    featureSelection: flags.featureSelection,
    defaults: flags.defaults,
    scoreMatrix: flags.scoreMatrix,
    tool: toolName(),
  }
  toSettings(options)
  return options
}
