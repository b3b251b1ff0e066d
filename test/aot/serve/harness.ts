/** AOT kernels with modules in folders, and what they say on stderr. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { ChoiceLine } from '../../../src/aot/serve/choice_log.ts'
import { aotKernel, hl, type Kernel, type KernelOptions, type Tensor } from '../../../src/index.ts'

/** The family of the adapter that tests run on. */
export { deviceFamily } from '../../../src/heuristics/device_family.ts'

export type Twice = (x: Tensor) => Tensor
export type Scaled = (x: Tensor, k: number) => Tensor

/** x * 2, in a file of `folder`. */
export function twice(folder: string, options: KernelOptions<Twice> = {}): Kernel<Twice> {
  return aotKernel({ source: sourceIn(folder), ...options }, function twice(x: Tensor) {
    const out = hl.emptyLike(x)
    for (const t of hl.tile(x.shape[0])) out.at(t).set(x.at(t).mul(2))
    return out
  })
}

/** x * k. */
export function scaled(folder: string, options: KernelOptions<Scaled> = {}): Kernel<Scaled> {
  return aotKernel({ source: sourceIn(folder), ...options }, function scaled(x: Tensor, k: number) {
    const out = hl.emptyLike(x)
    for (const t of hl.tile(x.shape[0])) out.at(t).set(x.at(t).mul(k))
    return out
  })
}

export function sourceIn(folder: string): string {
  const path = join(folder, 'kernels.js')
  writeFileSync(path, '')
  return pathToFileURL(path).href
}

export interface ModuleParts {
  readonly kernel: string
  readonly family: string
  readonly configs: readonly string[]
  /** Body of the key function over `args`; the first config by default. */
  readonly key?: string
  readonly hash?: string
  readonly fallbacks?: readonly number[]
  /** Hashes of default configs by hash of shape. */
  readonly defaults?: Readonly<Record<string, string>>
}

/** Writes a module and returns its path. */
export function putModule(folder: string, parts: ModuleParts): string {
  const { kernel, family, configs, key = 'return 0', hash, fallbacks = [], defaults } = parts
  const path = join(folder, `_helion_aot_${kernel}_${family}.ts`)
  const parameters = 'arg0?: unknown, arg1?: unknown'
  writeFileSync(
    path,
    `export const CONFIGS: readonly object[] = [${configs.join(', ')}]
export function key_${kernel}(${parameters}): number { ${key} }
export function autotune_${kernel}(${parameters}): unknown { return CONFIGS[key_${kernel}(arg0, arg1)] }
export const meta = ${JSON.stringify({ kernel, device: family, sourceHash: hash, fallbacks, defaults })}
`,
  )
  return path
}

/** What a program wrote into the file of HELION_AOT_TRACE. */
export function traced(path: string): readonly ChoiceLine[] {
  return readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as ChoiceLine)
}
