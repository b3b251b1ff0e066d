/** Writes modules, sources and source maps into a folder. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Writes a file below `folder` and returns its path. */
export function write(folder: string, name: string, text: string): string {
  const path = join(folder, name)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
  return path
}

/** TypeScript of a module that always chooses `warps`; `family` and `hash` stand in its meta. */
export function moduleText(kernel: string, warps: number, family: string, hash = 'abc'): string {
  return `type ConfigData = Readonly<Record<string, unknown>>
export const CONFIGS: readonly ConfigData[] = [{ num_warps: ${warps} }, { num_warps: 32 }]
export function key_${kernel}(arg0?: unknown): number {
  return (arg0 as { shape?: readonly number[] } | undefined)?.shape?.[0] === 99 ? 1 : 0
}
export function autotune_${kernel}(arg0?: unknown): ConfigData {
  return CONFIGS[key_${kernel}(arg0)] as ConfigData
}
export const meta = {
  kernel: '${kernel}',
  device: '${family}',
  sourceHash: '${hash}',
  fallbacks: [1, 0],
} as const
`
}
