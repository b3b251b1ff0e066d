/**
 * A generated module as the runtime sees it: two functions and some data about where they come from. Modules
 * are made to be edited by hand, so nothing about them is taken for granted.
 */
import type { ConfigData } from '../config/value.ts'
import { DataError, errorMessage } from '../support/errors.ts'
import { show } from '../support/json.ts'
import { moduleExports } from './module_names.ts'

/** What `import()` of a module gives. */
export type ModuleNamespace = Readonly<Record<string, unknown>>

/** What a module decides for a call. */
export interface HeuristicChoice {
  /** Equal for calls that run the same code. */
  readonly index: number
  readonly config: ConfigData
}

/** The part of a module that is about one kernel. */
export interface KernelHeuristic {
  /** The file, or the place in the code, for messages. */
  readonly origin: string
  /** The name that the module gives it. */
  readonly kernel: string
  /** The device family that it was made for; undefined when it does not say. */
  readonly family: string | undefined
  /** Hash of the kernel's source that it was made for; undefined when it does not say. */
  readonly sourceHash: string | undefined
  /** Configs to try when a choice cannot run, before the default config: the safest first. */
  readonly fallbacks: readonly ConfigData[]
  /**
   * Where it leaves shapes to their default config: the hash of what that was when it was measured, by the
   * hash of the shape.
   */
  readonly defaults: ReadonlyMap<string, string>
  /** How many arguments the module looks at; those behind have no influence. */
  readonly arity: number
  /**
   * Takes the arguments of a call, or the values of the kernel's `key`. Throws DataError when the module
   * fails.
   */
  choose(args: readonly unknown[]): HeuristicChoice
}

type AnyFunction = (...args: readonly unknown[]) => unknown

/** A kernel as modules know it. */
export interface KernelIdentity {
  readonly kernel: string
  /** Hash of its source, if the function had this name. */
  readonly sourceHashAs: (name: string) => string
}

/**
 * The name by which a module knows a kernel: its own, or another under which it has the source that the
 * module was made for, because bundlers rename functions. Undefined when the module is about another kernel.
 */
export function nameIn(
  module: ModuleNamespace,
  { kernel, sourceHashAs }: KernelIdentity,
): string | undefined {
  const about = origins(module)
  if (about.kernel === undefined || about.kernel === kernel) return kernel
  return about.sourceHash === sourceHashAs(about.kernel) ? about.kernel : undefined
}

type Origins = Readonly<Record<'kernel' | 'family' | 'sourceHash', string | undefined>>

/** What a module says that it was made from, as far as it says anything. */
export function origins({ meta }: ModuleNamespace): Origins {
  const { kernel, device, sourceHash } = record(meta) ?? {}
  return { kernel: text(kernel), family: text(device), sourceHash: text(sourceHash) }
}

/** The heuristic for a kernel in a module. Throws DataError when it has none. */
export function heuristicIn(module: ModuleNamespace, kernel: string, origin: string): KernelHeuristic {
  const names = moduleExports(kernel)
  const key = functionIn(module, names.key, origin)
  const autotune = functionIn(module, names.autotune, origin)
  const { family, sourceHash } = origins(module)
  const known = new Map<number, ConfigData>()
  return Object.freeze({
    origin,
    kernel,
    family,
    sourceHash,
    fallbacks: fallbacksOf(module.CONFIGS, record(module.meta)),
    defaults: textsOf(record(module.meta)?.defaults),
    arity: Math.max(arityOf(key), arityOf(autotune)),
    choose(args: readonly unknown[]): HeuristicChoice {
      try {
        const index = toIndex(key(...args), names.key)
        let config = known.get(index)
        if (!config) {
          config = toConfig(autotune(...args), names.autotune)
          known.set(index, config)
        }
        return { index, config }
      } catch (error) {
        throw new DataError(`${origin} failed to choose a config for ${kernel}: ${errorMessage(error)}`, {
          remedy: 'Generate it again with `npx helion-aot`, or remove it.',
          cause: error,
        })
      }
    },
  })
}

function functionIn(module: ModuleNamespace, name: string, origin: string): AnyFunction {
  const value = module[name]
  if (typeof value === 'function') return value as AnyFunction
  throw new DataError(`${origin} does not export a function ${name}`, {
    remedy: 'Generate it again with `npx helion-aot`, or remove it.',
  })
}

/** Parameters that are gathered or have defaults are not counted by `length`. */
function arityOf(fn: AnyFunction): number {
  const [head = ''] = Function.prototype.toString.call(fn).split(/=>|\{/)
  return /\.\.\.|=/.test(head) ? Number.POSITIVE_INFINITY : fn.length
}

/** All of them, unless the module says after how many the default config is the better one. */
function fallbacksOf(configs: unknown, meta: Readonly<Record<string, unknown>> = {}): readonly ConfigData[] {
  const { fallbacks: order, beforeDefault } = meta
  const list = Array.isArray(configs) ? configs.filter((config) => record(config)) : []
  const positions = Array.isArray(order) ? order : []
  const ordered = positions.map((position) => list[Number(position)]).filter((config) => config !== undefined)
  return typeof beforeDefault === 'number'
    ? ordered.slice(0, beforeDefault)
    : [...new Set([...ordered, ...list])]
}

function toIndex(value: unknown, name: string): number {
  if (Number.isInteger(value)) return Number(value)
  throw new Error(`${name} returned ${show(value)}, which is no whole number`)
}

function toConfig(value: unknown, name: string): ConfigData {
  const config = record(value)
  if (config) return config as ConfigData
  throw new Error(`${name} returned ${show(value)}, which is no config`)
}

function record(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : undefined
}

function textsOf(value: unknown): ReadonlyMap<string, string> {
  const entries = Object.entries(record(value) ?? {})
  return new Map(entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'))
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
