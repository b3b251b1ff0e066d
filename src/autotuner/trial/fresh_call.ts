/**
 * A call with other contents: what is right for the caller's numbers alone (all of them zero, say) shows
 * there. Whole numbers stay as they are, since they may be positions, lengths or classes; fractions are put
 * into another order, so that they stay numbers of the kind that the kernel is made for.
 */
import type { CallArguments } from '../../kernel/call_arguments.ts'
import { decodeBytes, encodeValues } from '../../runtime/memory/host_data.ts'
import type { Stream } from '../../runtime/stream.ts'
import type { DeviceTensor } from '../../runtime/tensor/tensor.ts'
import { product, sum } from '../../support/maths.ts'
import { Random } from '../../support/random.ts'
import { STORAGE } from '../../support/storage_types.ts'
import { copiedArgument } from './baseline.ts'

export interface FreshCall {
  readonly call: CallArguments
  /** Gives the memory back. */
  readonly dispose: () => void
}

/** Calls with more elements are not brought to the host. */
const MOST_ELEMENTS = 2 ** 20
const SEED = 1

/** Undefined where no argument has fractions, or where there are too many elements. */
export async function freshCall(
  call: CallArguments,
  stream: Stream,
  most: number = MOST_ELEMENTS,
): Promise<FreshCall | undefined> {
  const memories = call.tensors.map(({ memory }) => memory)
  if (!memories.some(hasFractions)) return undefined
  if (sum(memories.map(({ shape }) => product(shape))) > most) return undefined
  const copies = new Map<DeviceTensor, DeviceTensor>()
  const values = call.values.map((value) => copiedArgument(value, copies, stream))
  const random = new Random(SEED)
  for (const { memory } of copies.values()) {
    if (!hasFractions(memory)) continue
    const { dtype, shape, storage } = memory
    const data = new Float64Array(decodeBytes(await stream.read(storage), dtype, product(shape)))
    stream.write(storage, encodeValues(stirred(data, random), dtype))
  }
  return {
    call: { ...call, values, tensors: call.tensors.map((tensor) => copies.get(tensor) ?? tensor) },
    dispose() {
      for (const copy of copies.values()) copy.memory.dispose()
    },
  }
}

function hasFractions({ dtype }: Pick<DeviceTensor, 'dtype'>): boolean {
  return STORAGE[dtype].category === 'float'
}

/** In another order; where all are equal, scattered around what they are. */
function stirred(values: Float64Array, random: Random): Float64Array {
  const [first = 0] = values
  if (values.every((value) => value === first))
    return values.map((value) => (value === 0 ? 2 * random.next() - 1 : value * (0.5 + random.next())))
  for (let i = values.length - 1; i > 0; i--) {
    const j = random.int(0, i)
    ;[values[i], values[j]] = [values[j] ?? 0, values[i] ?? 0]
  }
  return values
}
