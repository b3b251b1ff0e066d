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

/** Of each case; the interpreter of thread programs tries many more. */
const CONFIGS = Number(process.env.RANDOM_CONFIGS ?? 8)

/** lavapipe takes seconds for what SwiftShader compiles in tenths of them, and is tried second. */
export const THRIFT: number = (await getDevice()).info.description.includes('llvmpipe') ? 4 : 1

/** Tiles of a product are written out in full: the larger, the longer it compiles. */
const LARGEST_TILE = THRIFT === 1 ? Number.POSITIVE_INFINITY : 32

/**
 * Half of the random configs for static shapes, the other half for dynamic ones: the spaces are nearly
 * the same.
 */
export function configsToTry(
  spec: ConfigSpec,
  staticShapes: boolean,
  largestTile: number = LARGEST_TILE,
): readonly Config[] {
  const configs = withTilesUpTo(spec, largestTile, randomConfigs(spec, CONFIGS / THRIFT, 1))
  return configs.filter((_, i) => i % 2 === (staticShapes ? 0 : 1))
}
