/**
 * The arguments of one call: what they are, as a text that equals for equal shapes and dtypes; the tensors
 * and numbers among them in the order that tracing counts them; and their description for tracing.
 */
import type { ArgumentSpec, TensorArgument } from '../language/index.ts'
import { DeviceTensor } from '../runtime/tensor/tensor.ts'
import { callSite } from '../support/call_site.ts'
import { UsageError } from '../support/errors.ts'
import { staticDims } from './mark_static.ts'

export interface CallArguments {
  /** As passed, in order. */
  readonly values: readonly unknown[]
  /** Those among them, and then those that the kernel takes from around it. */
  readonly tensors: readonly DeviceTensor[]
  /** The latter, once they are known. */
  readonly captured?: readonly DeviceTensor[]
  /** The numbers among them. */
  readonly scalars: readonly number[]
  /** Equal for calls that can share everything but the contents: exact shapes, dtypes, constants. */
  readonly signature: string
}

/** Reads the arguments of a call. Throws UsageError for what no kernel takes. */
export function readArguments(values: readonly unknown[]): CallArguments {
  const tensors: DeviceTensor[] = []
  const scalars: number[] = []
  let signature = ''
  for (const value of values) signature += describe(value, tensors, scalars)
  return { values, tensors, scalars, signature }
}

/** The call with tensors that the kernel takes from around it. */
export function withCaptured(call: CallArguments, captured: readonly DeviceTensor[]): CallArguments {
  if (captured.length === (call.captured?.length ?? 0)) return call
  const given = call.tensors.slice(0, call.tensors.length - (call.captured?.length ?? 0))
  return { ...call, tensors: [...given, ...captured], captured }
}

/** The arguments for people: `f32[4096,1024], 0.5`. */
export function describeCall({ values }: Pick<CallArguments, 'values'>): string {
  return values.map(inWords).join(', ')
}

function inWords(value: unknown): string {
  if (value instanceof DeviceTensor) return `${value.dtype}[${value.shape.join()}]`
  if (Array.isArray(value)) return `[${value.map(inWords).join(', ')}]`
  return typeof value === 'object' && value !== null ? '{…}' : String(value)
}

/** The description that tracing needs. `staticShapes` makes every size a constant. */
export function argumentSpecs(values: readonly unknown[], staticShapes: boolean): readonly ArgumentSpec[] {
  return values.map((value) => specOf(value, staticShapes))
}

/** Likewise of tensors that a kernel takes from around it: they stay the same, and so do their sizes. */
export function capturedSpecs(tensors: readonly DeviceTensor[]): ReadonlyMap<object, TensorArgument> {
  return new Map(
    tensors.flatMap((tensor) => {
      const spec = specOf(tensor, true)
      return spec.kind === 'tensor' ? [[tensor, spec] as const] : []
    }),
  )
}

function describe(value: unknown, tensors: DeviceTensor[], scalars: number[]): string {
  if (value instanceof DeviceTensor) {
    if (!DeviceTensor.isItself(value)) throw isProxy()
    tensors.push(value)
    const marks = staticDims(value)
    const fixed = marks.size === 0 ? '' : `!${[...marks].sort().join('.')}`
    return `${value.dtype}[${value.shape.join()}]${viewText(value)}${fixed};`
  }
  if (typeof value === 'number') {
    scalars.push(value)
    return 'n;'
  }
  if (Array.isArray(value)) return `(${value.map((item) => describe(item, tensors, scalars)).join('')});`
  if (isRecord(value)) {
    const entries = Object.entries(value).map(([key, item]) => `${key}=${describe(item, tensors, scalars)}`)
    return `{${entries.join('')}};`
  }
  return `${constantKey(value)};`
}

function isProxy(): UsageError {
  return new UsageError('a Proxy of a tensor was passed to a kernel', {
    location: callSite(),
    remedy: 'Pass the tensor itself: toRaw(…) in Vue, where markRaw(…) keeps it one.',
  })
}

function specOf(value: unknown, staticShapes: boolean): ArgumentSpec {
  if (value instanceof DeviceTensor) {
    const marks = staticDims(value)
    const dynamic = value.shape.map((_, dim) => !staticShapes && !marks.has(dim))
    const { dtype, shape, view } = value
    return { kind: 'tensor', dtype, shape, dynamic, ...(view && { view, openView: !staticShapes }) }
  }
  if (typeof value === 'number') return { kind: 'scalar', value }
  if (Array.isArray(value)) return { kind: 'list', items: value.map((item) => specOf(item, staticShapes)) }
  if (isRecord(value)) {
    const entries = Object.entries(value).map(([key, item]) => [key, specOf(item, staticShapes)] as const)
    return { kind: 'record', entries }
  }
  return { kind: 'constant', value }
}

/** How the elements of a view lie in memory. */
function viewText({ view }: DeviceTensor): string {
  if (!view) return ''
  const dims = view.dims.map(({ dim, offset, step }, i) => `${dim ?? ''}:${view.base[i]}:${offset}:${step}`)
  return ` of ${dims.join()}`
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}

const IDENTITIES = new WeakMap<object, number>()
let identities = 0

/** Constants are told apart by value; functions and other objects by identity. */
function constantKey(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value)
    case 'boolean':
    case 'undefined':
      return String(value)
    case 'function':
      return identityOf(value)
    case 'object':
      if (value === null) return 'null'
      if (ArrayBuffer.isView(value)) break
      return identityOf(value)
    default:
      break
  }
  throw new UsageError(
    `a kernel was called with ${value?.constructor?.name ?? typeof value} as an argument`,
    {
      remedy:
        'Arguments are tensors (make one with tensor(data)), numbers, booleans, text, ' +
        'lists and objects of them.',
    },
  )
}

/** A number that stands for the object as long as it lives. */
export function identityOf(value: object): string {
  let id = IDENTITIES.get(value)
  if (id === undefined) {
    id = ++identities
    IDENTITIES.set(value, id)
  }
  return `@${id}`
}
