/**
 * After a shape that the program called, further shapes near it are measured with all candidates, which costs
 * a fraction of tuning one: by default within a share of that, with `--densify n` so many. The one is taken
 * of which models are least sure. Their arguments hold elements of the originals, drawn at
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
import { product, sum } from '../../support/maths.ts'
import { Random } from '../../support/random.ts'
import { STORAGE } from '../../support/storage_types.ts'
import type { ShapeRecord } from '../records.ts'
import type { Session } from '../run/session.ts'
import { type ShapeOfCall, shapeOf } from '../shape.ts'
import type { CandidateConfig } from './candidates.ts'
import { latestDoubt, mostDoubtful } from './doubt.ts'
import { type ArgumentSizes, featuresIn, furtherShapes, sizesIn } from './further_shapes.ts'
import { measureShape } from './measure_shape.ts'

/** By default further shapes take this share of what tuning took. */
const SHARE_OF_TUNING = 0.25
/** Proposals that a kernel refuses are passed over, up to so many. */
const MOST_REFUSED = 8
const SEED = 47

export interface Densifying {
  readonly request: ExclusiveRequest
  readonly session: Session
  /** Of the call. */
  readonly shape: ShapeOfCall
  readonly candidates: readonly CandidateConfig[]
  /** What measuring it took. */
  readonly seconds: number
  /** What further shapes of the kernel took so far. */
  readonly spent: Spent
}

export interface Spent {
  seconds: number
  shapes: number
}

/** Measures further shapes near that of the call; how many. Rejects with AdapterError. */
export async function densify(densifying: Densifying): Promise<number> {
  const { request, session, shape, candidates, spent } = densifying
  const { definition, call } = request
  const { own } = definition.options
  const { wanted, seconds } = roomFor(densifying)
  if (wanted === 0 || own.key || own.measureFn || !call.values.every(canBeMade)) return 0
  const here = call.values.map((value) => (value instanceof DeviceTensor ? value.shape : undefined))
  const known = (): readonly ShapeRecord[] => session.known.shapes(definition.name)
  const left = wanted - known().filter(({ made }) => made).length
  const quota = Math.min(left, Math.ceil(wanted / Math.max(1, session.known.tuned(definition.name).length)))
  const began = performance.now()
  const refused = new Set<string>()
  const doubtNow = latestDoubt(session.known, definition.name)
  let done = 0
  while (done < quota && performance.now() - began < 1000 * seconds) {
    const shapes = [here, ...known().map(({ shape_features }) => sizesIn(shape_features, here))]
    const open = furtherShapes(shapes).filter((sizes) => !refused.has(JSON.stringify(sizes)))
    const doubt = doubtNow()
    const next = mostDoubtful(open, (sizes) => doubt?.(featuresIn(sizes, shape.features)) ?? 0)
    if (!next || refused.size >= MOST_REFUSED) break
    const made = await requestWith(request, next)
    if (made) {
      const further = shapeOf(definition, made.call)
      session.meet(made, further, true)
      await measureShape(made, further, candidates, session, true)
      for (const value of made.call.values) if (isNew(value, request)) value.dispose()
      done++
    }
    refused.add(JSON.stringify(next))
  }
  spent.seconds += (performance.now() - began) / 1000
  spent.shapes += done
  return done
}

/** How many further shapes of the kernel there may be, and for how long they are begun near this one. */
function roomFor({ request, session, candidates, seconds, spent }: Densifying) {
  const { name, options } = request.definition
  const { own, settings } = options
  if (settings.aotDensify !== null) return { wanted: settings.aotDensify, seconds }
  // What an author lists is enough.
  const tuned = own.collectFn ? [] : session.known.tuned(name)
  const ofTuning = sum(tuned.map((each) => each.seconds))
  // Of this shape the search has measured some candidates: of a further one they are built and checked first.
  const pace = ofTuning / Math.max(1, sum(tuned.map((each) => each.configs_tried)))
  const ofOne = spent.shapes > 0 ? spent.seconds / spent.shapes : seconds + pace * candidates.length
  return { wanted: tuned.length, seconds: SHARE_OF_TUNING * ofTuning - spent.seconds - ofOne }
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
