/** What tests of the build call; see native.ts. */
export { buildHeuristics } from '../../../src/aot/evaluate/build.ts'
export { decide } from '../../../src/aot/evaluate/decide/decide.ts'
export { toSettings } from '../../../src/aot/evaluate/decide/settings.ts'
export { moduleText } from '../../../src/aot/evaluate/emit/module_text.ts'
export { parseModule } from '../../../src/aot/evaluate/emit/parse_module.ts'
export { argumentsOf, runModule } from '../../../src/aot/evaluate/emit/run_module.ts'
export { evaluateModule } from '../../../src/aot/evaluate/evaluate_module.ts'
export { runBuild } from '../../../src/aot/evaluate/run_build.ts'
