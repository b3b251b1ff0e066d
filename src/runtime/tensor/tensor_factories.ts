/**
 * Functions that make tensors: from host data, constant, a range, random. All return at once; the values are
 * written in stream order, on the GPU unless they come from the host.
 */
import { entryPoint, lazyCallSite } from '../../support/call_site.ts'
import { UsageError } from '../../support/errors.ts'
import { takes } from '../../support/signature.ts'
import { STORAGE, type StorageType } from '../../support/storage_types.ts'
import { type HostData, type HostDataOptions, parseHostData } from '../memory/host_data.ts'
import type { Stream } from '../stream.ts'
import { type Generator, generatorLaunch, readyLaunch } from './generators.ts'
import { DeviceTensor } from './tensor.ts'

export interface FactoryOptions {
  /** `f32` unless said otherwise. */
  readonly dtype?: StorageType
  /** The default stream unless said otherwise. */
  readonly stream?: Stream
}

export interface RandomOptions extends FactoryOptions {
  /** A non-negative safe integer. Without one, tensors of a process are numbered from a fixed start. */
  readonly seed?: number
}

/** What the options of these functions may be. */
const OPTIONS = '{ dtype: dtype, stream: stream }?'
const RANDOM = '{ dtype: dtype, stream: stream, seed: number }?'

const FIRST_SEED = 20_240_229
let unseeded = 0

/**
 * A tensor with these elements. dtype: that of a typed array (8 and 16 bits widen), `bool` for booleans, else
 * f32; a Uint16Array with dtype f16 or bf16 is taken as bits, as is a Uint8Array with an 8-bit float. Throws
 * UsageError for ragged arrays and wrong shapes.
 */
export const tensor: (data: HostData, options?: HostDataOptions & { stream?: Stream }) => DeviceTensor =
  entryPoint(
    takes('tensor', 'data, { shape: shape, dtype: dtype, stream: stream }?', (data, options = {}) => {
      const { shape, dtype, values } = parseHostData(data, options)
      return DeviceTensor.allocate(shape, dtype, options.stream).upload(values)
    }),
  )

/** A tensor with undefined contents. */
export const empty: (shape: readonly number[], options?: FactoryOptions) => DeviceTensor = entryPoint(
  takes('empty', `shape: shape, ${OPTIONS}`, (shape, options) => allocate(shape, options)),
)

/** A tensor of zeros. */
export const zeros: (shape: readonly number[], options?: FactoryOptions) => DeviceTensor = entryPoint(
  takes('zeros', `shape: shape, ${OPTIONS}`, (shape, options) => filled(shape, 0, options)),
)

/** A tensor of ones. */
export const ones: (shape: readonly number[], options?: FactoryOptions) => DeviceTensor = entryPoint(
  takes('ones', `shape: shape, ${OPTIONS}`, (shape, options) => filled(shape, 1, options)),
)

/** A tensor with the same value everywhere, converted to the dtype. */
export const full: (shape: readonly number[], value: number, options?: FactoryOptions) => DeviceTensor =
  entryPoint(
    takes('full', `shape: shape, value: number, ${OPTIONS}`, (shape, value, options) =>
      filled(shape, value, options),
    ),
  )

/**
 * start, start + step, … up to but without end, as a tensor of one dimension; `arange(end)` starts at 0.
 * Throws UsageError for a step of 0 and for dtype bool.
 */
export const arange: (start: number, end?: number, step?: number, options?: FactoryOptions) => DeviceTensor =
  entryPoint(
    takes(
      'arange',
      `start: number, end?: number, step?: number, ${OPTIONS}`,
      (start, end, step = 1, options = {}) => {
        const [from, to] = end === undefined ? [0, start] : [start, end]
        const count = Math.max(0, Math.ceil((to - from) / step))
        if (!Number.isFinite(count) || options.dtype === 'bool')
          throw new UsageError(
            `arange(${from}, ${to}, ${step}, dtype ${options.dtype ?? 'f32'}) has no values`,
            {
              remedy: 'Give finite bounds, a step other than 0 and a dtype of numbers.',
            },
          )
        const range = allocate([count], options)
        return STORAGE[range.dtype].packed
          ? range.upload(Array.from({ length: count }, (_, i) => from + i * step))
          : generate(range, { kind: 'range', start: from, step })
      },
    ),
  )

/** Uniform random numbers in [0, 1). Throws UsageError for dtypes other than floats. */
export const rand: (shape: readonly number[], options?: RandomOptions) => DeviceTensor = entryPoint(
  takes('rand', `shape: shape, ${RANDOM}`, (shape, options = {}) => random('uniform', shape, options)),
)

/**
 * Random numbers of the standard normal distribution. Throws UsageError for dtypes other than floats.
 */
export const randn: (shape: readonly number[], options?: RandomOptions) => DeviceTensor = entryPoint(
  takes('randn', `shape: shape, ${RANDOM}`, (shape, options = {}) => random('normal', shape, options)),
)

function allocate(shape: readonly number[], { dtype = 'f32', stream }: FactoryOptions = {}): DeviceTensor {
  return DeviceTensor.allocate(shape, dtype, stream)
}

function filled(shape: readonly number[], value: number, options?: FactoryOptions): DeviceTensor {
  return generate(allocate(shape, options), { kind: 'fill', value })
}

function random(kind: 'uniform' | 'normal', shape: readonly number[], options: RandomOptions): DeviceTensor {
  const { dtype = 'f32', seed = FIRST_SEED + unseeded++ } = options
  if (STORAGE[dtype].category !== 'float')
    throw new UsageError(`Random numbers of dtype ${dtype} are not defined; use f32 or another float`)
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw new UsageError(`Seed ${seed} is not a non-negative integer below 2^53`)
  return generate(allocate(shape, options), { kind, seed })
}

function generate(result: DeviceTensor, what: Generator): DeviceTensor {
  const { stream, storage } = result
  if (result.size === 0) return result
  const launch = stream.idle && stream.device ? readyLaunch(stream.device, storage, what) : undefined
  if (launch) stream.launch(launch)
  else
    stream.prepare(async (device) => [await generatorLaunch(device, storage, what)], {
      writes: [storage],
      site: lazyCallSite(),
    })
  return result
}
