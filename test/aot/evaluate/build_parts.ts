/** What tests of the build call; see native.ts. */
export { buildHeuristics } from '../../../src/aot/evaluate/build.ts'
export { decide } from '../../../src/aot/evaluate/decide/decide.ts'
export { toSettings } from '../../../src/aot/evaluate/decide/settings.ts'
export { moduleText } from '../../../src/aot/evaluate/emit/module_text.ts'
export { readModule } from '../../../src/aot/evaluate/emit/read_module.ts'
export { evaluateModule } from '../../../src/aot/evaluate/evaluate_module.ts'
export { runBuild } from '../../../src/aot/evaluate/run_build.ts'
export { argumentsOf, runModule } from './run_module.ts'
