/** Configs drawn from a kernel's whole search space, the same ones in every run. */

import type { Config } from '../../src/config/config.ts'
import type { ConfigSpec } from '../../src/config/config_spec.ts'
import { Random } from '../../src/support/random.ts'
import type { CaseName } from './cases.ts'

/** Cases with matrix products. */
export const WITH_DOTS: ReadonlySet<CaseName> = new Set(['matmul', 'linearRelu', 'attention'])

/** `count` different configs, fewer where the space has no more. */
export function randomConfigs(spec: ConfigSpec, count: number, seed: number): readonly Config[] {
  const random = new Random(seed)
  const found = new Map<string, Config>()
  for (let attempt = 0; attempt < 20 * count && found.size < count; attempt++) {
    const drawn = Object.fromEntries(
      spec.slots.map(({ field, fragment }) => [field, fragment.random(random)]),
    )
    const config = spec.normalize(drawn, 'repair')
    found.set(config.hash, config)
  }
  return [...found.values()]
}
