/**
 * `--densify`: after a shape that the program called, further shapes near it are measured with all
 * candidates, which costs a fraction of tuning one. Their arguments hold elements of the originals, drawn at
 * random. What the author lists (`measureFn`) stays as it is, and integers in memory are taken for positions
 * or lengths, which do not fit other shapes.
 */
import { bindAlone } from '../../kernel/bound_kernel.ts'
import { readArguments } from '../../kernel/call_arguments.ts'
import type { ExclusiveRequest } from '../../kernel/config_source.ts'
import { checkGuards } from '../../kernel/launch_plan.ts'
import type { Stream } from '../../runtime/stream.ts'
import { DeviceTensor } from '../../runtime/tensor/tensor.ts'
import { AdapterError, HelionError } from '../../support/errors.ts'
import { product } from '../../support/maths.ts'
import { Random } from '../../support/random.ts'
import { STORAGE } from '../../support/storage_types.ts'
import type { ShapeRecord } from '../records.ts'
import type { Session } from '../run/session.ts'
import { shapeOf } from '../shape.ts'
import type { CandidateConfig } from './candidates.ts'
import { type ArgumentSizes, furtherShapes, sizesIn } from './further_shapes.ts'
import { measureShape } from './measure_shape.ts'

/** Further shapes take at most as long as the shape that they are near to. */
const SHARE = 1
/** Proposals that a kernel refuses are passed over, up to so many. */
const MOST_REFUSED = 8
const SEED = 47

export interface Densifying {
  readonly request: ExclusiveRequest
  readonly session: Session
  readonly candidates: readonly CandidateConfig[]
  /** What the shape of the call itself took. */
  readonly seconds: number
}

/** Measures further shapes near that of the call; how many. Rejects with AdapterError. */
export async function densify({ request, session, candidates, seconds }: Densifying): Promise<number> {
  const { definition, call } = request
  const { own, settings } = definition.options
  const wanted = settings.aotDensify
  if (wanted === 0 || own.key || own.measureFn || !call.values.every(canBeMade)) return 0
  const here = call.values.map((value) => (value instanceof DeviceTensor ? value.shape : undefined))
  const known = (): readonly ShapeRecord[] => session.known.shapes(definition.name)
  const open = wanted - known().filter(({ made }) => made).length
  const quota = Math.min(open, Math.ceil(wanted / Math.max(1, session.known.tuned(definition.name).length)))
  const began = performance.now()
  const refused = new Set<string>()
  let done = 0
  while (done < quota && performance.now() - began < SHARE * 1000 * seconds) {
    const shapes = [here, ...known().map(({ shape_features }) => sizesIn(shape_features, here))]
    const next = furtherShapes(shapes).find((shape) => !refused.has(JSON.stringify(shape)))
    if (!next || refused.size >= MOST_REFUSED) break
    const made = await requestWith(request, next)
    if (made) {
      const shape = shapeOf(definition, made.call)
      session.meet(made, shape, true)
      await measureShape(made, shape, candidates, session)
      for (const value of made.call.values) if (isNew(value, request)) value.dispose()
      done++
    }
    refused.add(JSON.stringify(next))
  }
  return done
}

function isNew(value: unknown, { call }: ExclusiveRequest): value is DeviceTensor {
  return value instanceof DeviceTensor && !call.values.includes(value)
}

function canBeMade(value: unknown): boolean {
  if (!(value instanceof DeviceTensor)) return typeof value !== 'object' || value === null
  return STORAGE[value.dtype].category === 'float' && !value.view && value.size > 0
}

/** The call with tensors of other sizes; undefined where the kernel does not take them. */
async function requestWith(
  request: ExclusiveRequest,
  sizes: ArgumentSizes,
): Promise<ExclusiveRequest | undefined> {
  const { definition, bound, call, stream } = request
  try {
    const values = await Promise.all(
      call.values.map((value, i) => {
        const shape = sizes[i]
        return value instanceof DeviceTensor && shape ? resized(value, shape, stream) : value
      }),
    )
    const own = bindAlone(definition, readArguments(values), bound.self)
    checkGuards(own.ir, own.traced)
    return { ...request, bound: own, call: own.traced }
  } catch (error) {
    if (error instanceof AdapterError || !(error instanceof HelionError)) throw error
    return undefined
  }
}

/** Elements of a tensor, drawn at random, under another shape. */
async function resized(
  tensor: DeviceTensor,
  shape: readonly number[],
  stream: Stream,
): Promise<DeviceTensor> {
  const values = Array.from(await tensor.data(stream), Number)
  const random = new Random(SEED)
  const drawn = Float32Array.from({ length: product(shape) }, () => random.choice(values))
  return DeviceTensor.allocate(shape, tensor.dtype, stream).upload(drawn)
}
