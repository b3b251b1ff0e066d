/**
 * Small WGSL kernels that fill tensors without host data: a constant, a range, random numbers. Random numbers
 * are a hash of seed and position (the four-lane PCG hash of Jarzynski and Olano, 2020), so element i depends
 * neither on how many there are nor on the device; normal ones take a uniform number through the inverse
 * error function (Giles, 2010), which needs no sine and so comes out alike everywhere.
 */
import type { DeviceLimits } from '../../codegen/program.ts'
import { typeOf } from '../../codegen/thread/types.ts'
import { Writer } from '../../codegen/thread/writer.ts'
import { encodePacked, packWords } from '../../codegen/values/packed_values.ts'
import { printExpr } from '../../codegen/wgsl/print_expr.ts'
import { printStatements } from '../../codegen/wgsl/print_statements.ts'
import { typeName } from '../../codegen/wgsl/type_names.ts'
import { DTYPES, type DType } from '../../support/dtypes.ts'
import { cdiv } from '../../support/maths.ts'
import {
  computeType,
  extensionOf,
  isPacked,
  STORAGE,
  type StorageType,
  wordOf,
} from '../../support/storage_types.ts'
import { foldGrid, type Launch } from '../commands/launch.ts'
import type { Device } from '../device.ts'
import type { Storage } from '../memory/storage.ts'
import type { PipelineRequest } from '../pipelines/pipeline_request.ts'

const WORKGROUP = 256
/** Elements that are made together. */
const LANES = 4

/** What to fill a storage with. `seed` is a non-negative safe integer. */
export type Generator =
  | { readonly kind: 'fill'; readonly value: number }
  | { readonly kind: 'range'; readonly start: number; readonly step: number }
  | { readonly kind: 'uniform'; readonly seed: number }
  | { readonly kind: 'normal'; readonly seed: number }

/** The launch that fills all of `storage`. Compiles on first use for a kind, dtype and device. */
export async function generatorLaunch(device: Device, storage: Storage, what: Generator): Promise<Launch> {
  return readyLaunch(device, storage, what) ?? make(device, storage, what)
}

/** The same at once, if it is compiled. */
export function readyLaunch(device: Device, storage: Storage, what: Generator): Launch | undefined {
  const pipeline = device.pipelines.peek(request(what, storage.dtype, device.limits))
  return pipeline && launchOf(device, storage, what, pipeline)
}

async function make(device: Device, storage: Storage, what: Generator): Promise<Launch> {
  const pipeline = await device.pipelines.get(request(what, storage.dtype, device.limits))
  return launchOf(device, storage, what, pipeline)
}

function launchOf(device: Device, storage: Storage, what: Generator, pipeline: Launch['pipeline']): Launch {
  const { bytes, dtype } = storage
  // A fill writes words, whatever they hold; the others write elements.
  const elementBytes = what.kind === 'fill' ? 4 : STORAGE[dtype].bits / 8
  const groups = cdiv(bytes, elementBytes * LANES * (what.kind === 'fill' ? 1 : vectorsOf(dtype)))
  const grid = foldGrid(cdiv(groups, WORKGROUP), device.limits.maxWorkgroupsPerDimension)
  return { pipeline, storages: [storage], words: Uint32Array.of(groups, ...parameters(what, dtype)), grid }
}

/** Vectors of elements that one invocation stores: together at least a word. */
function vectorsOf(dtype: StorageType): number {
  return Math.max(1, 32 / (STORAGE[dtype].bits * LANES))
}

/** The two parameter words `p` and `q` of each kernel. */
function parameters(what: Generator, dtype: StorageType): readonly [number, number] {
  if (what.kind === 'fill') return [wordOf(dtype, what.value), 0]
  if (what.kind === 'range') {
    const as = DTYPES[computeType(dtype)].wide
    return [wordOf(as, what.start), wordOf(as, what.step)]
  }
  return [what.seed >>> 0, Math.floor(what.seed / 2 ** 32)]
}

function request(what: Generator, dtype: StorageType, limits: DeviceLimits): PipelineRequest {
  const wordsIn = limits.maxImmediateBytes > 0 ? 'immediate' : 'uniform'
  const kind = what.kind
  const key = `${kind} ${kind === 'fill' ? 'u32' : dtype} ${wordsIn}`
  const known = REQUESTS.get(key)
  if (known) return known
  const made: PipelineRequest = {
    label: `${kind}_${dtype}`,
    wgsl: wgslOf(kind, dtype, wordsIn),
    bindings: [{ access: 'read_write' }],
    words: { length: 3 },
    wordsIn,
  }
  REQUESTS.set(key, made)
  return made
}

/** Requests by kind, dtype and place of the words: the same text each time. */
const REQUESTS = new Map<string, PipelineRequest>()

function wgslOf(kind: Generator['kind'], dtype: StorageType, wordsIn: 'immediate' | 'uniform'): string {
  const immediate = wordsIn === 'immediate'
  const random = kind === 'uniform' || kind === 'normal'
  const { element, extension, lines } = kind === 'fill' ? WORDS : storing(dtype)
  const vectors = kind === 'fill' ? 1 : vectorsOf(dtype)
  const places =
    vectors === 1 ? ['i'] : Array.from({ length: vectors }, (_, n) => `(${vectors}u * i + ${n}u)`)
  return [
    extension ? `enable ${extension};` : '',
    immediate ? 'requires immediate_address_space;' : '',
    'struct Launch { groups: u32, p: u32, q: u32 }',
    `@group(0) @binding(0) var<storage, read_write> out: array<${element}>;`,
    immediate ? 'var<immediate> launch: Launch;' : '@group(0) @binding(1) var<uniform> launch: Launch;',
    random ? HASH : '',
    kind === 'normal' ? NORMAL : '',
    `@compute @workgroup_size(${WORKGROUP})`,
    'fn main(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) count: vec3u,',
    '        @builtin(local_invocation_index) lane: u32) {',
    `  let i = (wg.y * count.x + wg.x) * ${WORKGROUP}u + lane;`,
    '  if (i >= launch.groups) { return; }',
    ...places.map((at, n) => `  let value${n} = ${BODIES[kind](dtype, at)};`),
    ...lines,
    '}',
  ]
    .filter(Boolean)
    .join('\n')
}

/** The vector of four elements from number 4 * at on, in the wide type. */
const BODIES: Readonly<Record<Generator['kind'], (dtype: StorageType, at: string) => string>> = {
  fill: () => 'vec4u(launch.p)',
  range: (dtype, at) => {
    const type = wideType(dtype)
    const index = `vec4<${type}>(${LANES}u * ${at} + vec4u(0, 1, 2, 3))`
    return `bitcast<${type}>(launch.p) + bitcast<${type}>(launch.q) * ${index}`
  },
  // As many bits as the type holds below one, so that rounding never gives one.
  uniform: (dtype, at) => {
    const { digits } = STORAGE[dtype]
    return `vec4f(hash(${at}) >> vec4u(${32 - digits})) * 0x1p-${digits}f`
  },
  normal: (_dtype, at) => `normal(hash(${at}))`,
}

function wideType(dtype: StorageType): DType {
  return DTYPES[computeType(dtype)].wide
}

/** How four elements get into memory: what an item of the buffer is, and the code that writes it. */
interface Storing {
  readonly element: string
  readonly extension: 'f16' | undefined
  readonly lines: readonly string[]
}

const WORDS: Storing = { element: 'vec4<u32>', extension: undefined, lines: ['  out[i] = value0;'] }

function storing(dtype: StorageType): Storing {
  const type = computeType(dtype)
  if (!isPacked(dtype)) {
    const element = `vec4<${type}>`
    return { element, extension: extensionOf(dtype), lines: [`  out[i] = ${element}(value0);`] }
  }
  const out = new Writer()
  const e = out.expressions
  const codes = Array.from({ length: vectorsOf(dtype) }, (_, n) => {
    const made = out.let('codes', encodePacked(out, dtype, e.local(`value${n}`, typeOf(type, LANES))))
    return [0, 1, 2, 3].map((i) => e.component(made, i))
  })
  const words = packWords(e, dtype, codes.flat())
  const lines = [...printStatements(out.statements, 1), `  out[i] = ${printExpr(words)};`]
  return { element: typeName(words.type), extension: undefined, lines }
}

const HASH = `fn hash(i: u32) -> vec4u {
  var v = vec4u(i, launch.p, launch.q, 0x68656c69u) * 1664525u + 1013904223u;
  for (var round = 0; round < 2; round++) {
    v.x += v.y * v.w;
    v.y += v.z * v.x;
    v.z += v.x * v.y;
    v.w += v.y * v.z;
    v ^= v >> vec4u(16);
  }
  return v;
}`

const NORMAL = `fn horner(w: vec4f, c: array<f32, 9>) -> vec4f {
  var p = vec4f(c[0]);
  for (var k = 1; k < 9; k++) { p = fma(p, w, vec4f(c[k])); }
  return p;
}
fn normal(bits: vec4u) -> vec4f {
  // Odd multiples of 2^-23 between -1 and 1: never an end, never zero.
  let x = vec4f((bits >> vec4u(9)) * 2u + 1u) * 0x1p-23f - 1.0;
  let w = -log((1.0 - x) * (1.0 + x));
  let centre = horner(w - 2.5, array(2.81022636e-08, 3.43273939e-07, -3.5233877e-06, -4.39150654e-06,
    0.00021858087, -0.00125372503, -0.00417768164, 0.246640727, 1.50140941));
  let tail = horner(sqrt(w) - 3.0, array(-0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844,
    0.00573950773, -0.0076224613, 0.00943887047, 1.00167406, 2.83297682));
  return 1.41421356 * x * select(tail, centre, w < vec4f(5.0));
}`
