/** How many random configs the GPU tests try, and of which cases. */
import type { Config } from '../../src/config/config.ts'
import type { ConfigSpec } from '../../src/config/config_spec.ts'
import { getDevice } from '../../src/runtime/default_device.ts'
import { randomConfigs, withTilesUpTo } from '../config/random_configs.ts'
import type { CaseName } from './cases.ts'

/** Cases with matrix products. */
export const WITH_DOTS: ReadonlySet<CaseName> = new Set([
  'matmul',
  'linearRelu',
  'attention',
  'twoRanges',
  'jaggedAttention',
])

/** lavapipe takes seconds for what SwiftShader compiles in tenths of them, and is tried second. */
export const THRIFT: number = (await getDevice()).info.description.includes('llvmpipe') ? 4 : 1

/**
 * Half of `count` random configs for static shapes, the other half for dynamic ones: the spaces are nearly
 * the same.
 */
export function configsToTry(
  spec: ConfigSpec,
  count: number,
  staticShapes: boolean,
  largestTile: number = Number.POSITIVE_INFINITY,
): readonly Config[] {
  const configs = withTilesUpTo(spec, largestTile, randomConfigs(spec, count / THRIFT, 1))
  return configs.filter((_, i) => i % 2 === (staticShapes ? 0 : 1))
}
