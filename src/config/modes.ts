/** Words that config fields choose between. */

export const PID_TYPES = ['flat', 'xyz', 'persistent_blocked', 'persistent_interleaved'] as const
export type PidType = (typeof PID_TYPES)[number]

export const INDEXINGS = ['block_ptr', 'pointer', 'tensor_descriptor'] as const
export type Indexing = (typeof INDEXINGS)[number]

/** How products are computed: see docs/configs_and_settings.md. */
export const MMAS = ['fma', 'direct', 'subgroup_matrix'] as const
export type Mma = (typeof MMAS)[number]

/** True where a workgroup works on several tiles. */
export function isPersistent(pidType: string): boolean {
  return pidType.startsWith('persistent')
}
