/**
 * The build as Node itself loads it. Under vitest's loader every call from one module into another goes
 * through a lookup, and the numeric loops of a build take two to ten times as long.
 */
import { tsImport } from 'tsx/esm/api'
import type * as parts from './build_parts.ts'

export const native: typeof parts = await tsImport('./build_parts.ts', import.meta.url)
