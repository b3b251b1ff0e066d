/**
 * Under which key a result is stored: everything that decides which config is best. A loose key leaves out
 * versions, so that results outlive an update of this package, of the WebGPU implementation and of the
 * driver; a strict one does not.
 */
import { sha256Hex, stableStringify } from '../../support/stable.ts'

/** All that is known of a task, whatever kind of key is made of it. All texts; equal texts, equal tasks. */
export interface CacheKey {
  /** Name of the kernel. */
  readonly kernel: string
  /** Hash of the kernel's program: its code, helpers and compiled-in sizes; formatting and comments not. */
  readonly ir: string
  /** Dtypes, ranks and size classes of the arguments. */
  readonly specialization: string
  /** Hash of the space of configs, ranges and defaults included. */
  readonly space: string
  /** Maker, family and name of the GPU. */
  readonly device: string
  /** JSON of the settings that change code, accuracy or the set of configs, where they are no defaults. */
  readonly settings: string
  /** Version of this package. */
  readonly tool: string
  /** Version of Dawn, or the browser. */
  readonly runtime: string
  /** What the GPU's driver says of itself. */
  readonly driver: string
}

export type KeyField = keyof CacheKey

/** Every field with its meaning in words, in the order in which differences are told. */
export const KEY_FIELDS: Readonly<Record<KeyField, string>> = {
  kernel: 'name of the kernel',
  ir: "the kernel's code and compiled-in sizes",
  specialization: 'kind of arguments',
  space: 'space of configs',
  device: 'GPU',
  settings: 'settings of the search',
  tool: 'version of helion-aot',
  runtime: 'WebGPU implementation',
  driver: 'driver of the GPU',
}

const LOOSE: readonly KeyField[] = ['kernel', 'ir', 'specialization', 'space', 'device', 'settings']

export type KeyKind = 'loose' | 'strict'

/** The fields that count, for each kind of key. */
export const KEY_KINDS: Readonly<Record<KeyKind, readonly KeyField[]>> = {
  loose: LOOSE,
  strict: [...LOOSE, 'tool', 'runtime', 'driver'],
}

export function isKeyKind(value: unknown): value is KeyKind {
  return typeof value === 'string' && Object.hasOwn(KEY_KINDS, value)
}

/** 64 hex digits that name the result of a task, in file names and at remote caches. */
export function keyText(key: CacheKey, kind: KeyKind): string {
  return sha256Hex(stableStringify([kind, KEY_KINDS[kind].map((field) => [field, key[field]])]))
}

/** The fields of a kind of key in which two tasks differ. */
export function differingFields(a: CacheKey, b: CacheKey, kind: KeyKind): readonly KeyField[] {
  return KEY_KINDS[kind].filter((field) => a[field] !== b[field])
}
