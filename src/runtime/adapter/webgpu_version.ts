/** Which WebGPU implementation runs: part of every key under which results of measurements are kept. */
import { nodeBuiltin } from '../../support/node.ts'

/** The npm package with its version in Node, the browser's own name for itself elsewhere. */
export function webgpuVersion(): string {
  const module = nodeBuiltin('module')
  if (!module) return globalThis.navigator?.userAgent ?? 'unknown'
  const { version } = module.createRequire(import.meta.url)('webgpu/package.json') as { version: string }
  return `webgpu ${version}`
}
