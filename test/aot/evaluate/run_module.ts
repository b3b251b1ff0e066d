/**
 * Generated modules, run, which the tool itself never does: types are stripped and the functions called, so
 * that what is judged is the very text that production will load, and not what the build meant to write.
 */
import { Script } from 'node:vm'
import { transformSync } from 'esbuild'
import type { ModuleMeta } from '../../../src/aot/evaluate/emit/meta.ts'
import type { ConfigData } from '../../../src/config/value.ts'
import type { Features, FeatureValue } from '../../../src/heuristics/features.ts'
import { moduleExports } from '../../../src/heuristics/module_names.ts'
import { DataError, errorMessage } from '../../../src/support/errors.ts'

export interface LoadedModule {
  readonly key: (...args: readonly unknown[]) => number
  readonly autotune: (...args: readonly unknown[]) => ConfigData
  /** Empty when the module does not export them. */
  readonly configs: readonly ConfigData[]
  /** As far as the text has one; modules of other makers may not. */
  readonly meta: Partial<ModuleMeta>
}

/** Runs the text of a module; throws DataError, naming `path`, when it has not the expected form. */
export function runModule(text: string, kernel: string, path: string): LoadedModule {
  const names = moduleExports(kernel)
  const exports: Record<string, unknown> = {}
  try {
    const { code } = transformSync(text, {
      loader: 'ts',
      format: 'cjs',
      target: 'es2022',
      logLevel: 'silent',
    })
    const module = { exports }
    const run = new Script(`(function (module, exports) {${code}\n})`, { filename: path }).runInThisContext()
    run(module, exports)
    Object.assign(exports, module.exports)
  } catch (error) {
    throw new DataError(`${path} is no usable module: ${errorMessage(error)}`)
  }
  const { [names.key]: key, [names.autotune]: autotune, meta, CONFIGS: configs } = exports
  if (typeof key !== 'function' || typeof autotune !== 'function')
    throw new DataError(`${path} does not export ${names.key} and ${names.autotune}`)
  return {
    key: key as LoadedModule['key'],
    autotune: autotune as LoadedModule['autotune'],
    configs: Array.isArray(configs) ? configs : [],
    meta: (meta ?? {}) as Partial<ModuleMeta>,
  }
}

/**
 * Arguments with the given features, as a module takes them: `{ shape, dtype }` for tensors, numbers for
 * scalars, values by position for `key_0`, `key_1`, …; other names by position in alphabetical order.
 */
export function argumentsOf(features: Features): readonly unknown[] {
  const names = Object.keys(features)
  if (names.some((name) => /^arg\d+_/.test(name))) return tensorArguments(features)
  const numbered = names.some((name) => /^key_\d+$/.test(name))
  if (!numbered) return names.sort().map((name) => features[name])
  const args: (FeatureValue | null)[] = []
  for (const [name, value] of Object.entries(features)) {
    const position = /^key_(\d+)$/.exec(name)?.[1]
    if (position !== undefined) args[Number(position)] = value
  }
  return Array.from(args, (value) => value ?? null)
}

function tensorArguments(features: Features): readonly unknown[] {
  const args: unknown[] = []
  for (const [name, value] of Object.entries(features)) {
    const [, index, what, dim] = /^arg(\d+)_(dim|dtype|scalar|ndim|numel)(\d*)$/.exec(name) ?? []
    if (index === undefined) continue
    const position = Number(index)
    if (what === 'scalar') {
      args[position] = value
      continue
    }
    const tensor = (args[position] ?? { shape: [], dtype: '' }) as {
      shape: FeatureValue[]
      dtype: FeatureValue
    }
    args[position] = tensor
    if (what === 'dim') tensor.shape[Number(dim)] = value
    if (what === 'dtype') tensor.dtype = value
  }
  args.forEach((arg, index) => {
    if (typeof arg === 'object') complete(arg as { shape: FeatureValue[] }, features, `arg${index}`)
  })
  return Array.from(args)
}

/**
 * Sizes that the features leave out, because they are batched or only their product is known, are made up.
 */
function complete(tensor: { shape: FeatureValue[] }, features: Features, arg: string): void {
  const rank = Math.max(tensor.shape.length, Number(features[`${arg}_ndim`] ?? 0))
  const numel = features[`${arg}_numel`]
  if (tensor.shape.length === 0 && numel !== undefined) tensor.shape.push(numel)
  tensor.shape = Array.from(
    { length: Math.max(rank, tensor.shape.length) },
    (_, dim) => tensor.shape[dim] ?? 1,
  )
}
