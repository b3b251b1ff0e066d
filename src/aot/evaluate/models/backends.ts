/** The models that `--backend` chooses from. */
import { UsageError } from '../../../support/errors.ts'
import { decisionTree } from './decision_tree.ts'
import { mlCart } from './ml_cart.ts'
import type { Backend, BackendName } from './model.ts'
import { nearestNeighbor } from './nearest_neighbor.ts'
import { singleConfig } from './single_config.ts'

export const BACKENDS: Readonly<Record<BackendName, Backend>> = {
  decision_tree: decisionTree,
  ml_cart: mlCart,
  nearest_neighbor: nearestNeighbor,
  single_config: singleConfig,
}

/** The backend of that name; throws UsageError for others. */
export function backendOf(name: string): Backend {
  if (Object.hasOwn(BACKENDS, name)) return BACKENDS[name as BackendName]
  throw new UsageError(`unknown backend ${JSON.stringify(name)}`, {
    remedy: `Use one of ${Object.keys(BACKENDS).join(', ')}.`,
  })
}
