/**
 * `doBench`: how long the kernels that a function calls take on the GPU. The function runs a few times as it
 * would in a program, so that everything is chosen and compiled; then its launches are captured and timed on
 * their own.
 */
import { entryPoint, lazyCallSite, userCode } from '../../support/call_site.ts'
import { type SourceLocation, UsageError } from '../../support/errors.ts'
import { takes } from '../../support/signature.ts'
import { defaultStream } from '../default_device.ts'
import type { Storage } from '../memory/storage.ts'
import { DeviceTensor } from '../tensor/tensor.ts'
import { type Timing, type TimingOptions, timeInterleaved } from './timing.ts'

/** What both take beside functions. */
const OPTIONS =
  '{ warmupMs: number, targetMs: number, minSamples: number, maxSamples: number, flushCache: flag, ' +
  'rivalMs: number, timeoutMs: number }?'

/** Times one function. See `doBenchTogether`. */
export const doBench: (fn: () => unknown, options?: TimingOptions) => Promise<Timing> = entryPoint(
  takes('doBench', `fn: function, ${OPTIONS}`, async (fn, options = {}) => {
    const [timing] = await doBenchTogether([fn], options)
    if (!timing) throw new Error('one function, no timing')
    return timing
  }),
)

/**
 * Times several functions in turns, round by round, so that drifts of the clock meet all alike; results in
 * the order given, in milliseconds for all launches of one call. Each function makes its calls on the default
 * stream and may return tensors: those it made are disposed of afterwards. It may also dispose of its own, as
 * of what one kernel leaves to the next. Rejects as the calls themselves would, and with UsageError when a
 * function launches nothing.
 */
export const doBenchTogether: (
  fns: readonly (() => unknown)[],
  options?: TimingOptions,
) => Promise<readonly Timing[]> = entryPoint(
  takes('doBenchTogether', `fns: list, ${OPTIONS}`, (fns, options = {}) => timeTogether(fns, options)),
)

async function timeTogether(
  fns: readonly (() => unknown)[],
  options: TimingOptions,
): Promise<readonly Timing[]> {
  const site = lazyCallSite()
  const stream = defaultStream()
  const oldest = DeviceTensor.allocate([0], 'f32').id
  const results: unknown[] = []
  const kept: Storage[] = []
  const candidates = []
  try {
    for (const fn of fns) {
      if (typeof fn !== 'function')
        throw new UsageError('doBenchTogether: one of fns is not a function', {
          location: site(),
          remedy: 'Write () => … around it.',
        })
      disposeMade(userCode(fn), oldest)
      await stream.sync()
      const launches = stream.capture(() => results.push(userCode(fn)), kept)
      if (launches.length === 0) throw nothingToTime(site())
      candidates.push(launches)
      await stream.sync()
    }
    const device = await stream.opened()
    return await timeInterleaved(device, candidates, options)
  } finally {
    for (const result of results) disposeMade(result, oldest)
    for (const storage of kept) stream.release(storage)
  }
}

/**
 * Disposes of the tensors in a result that are younger than `oldest`: those that the function was given stay.
 */
function disposeMade(value: unknown, oldest: number): void {
  if (value instanceof DeviceTensor) {
    if (value.memory.id > oldest) value.memory.dispose()
  } else if (Array.isArray(value)) for (const item of value) disposeMade(item, oldest)
  else if (typeof value === 'object' && value !== null) disposeMade(Object.values(value), oldest)
}

function nothingToTime(location: SourceLocation | undefined): UsageError {
  return new UsageError('doBench: the function launched nothing', {
    location,
    remedy: 'It must call kernels on tensors of the default stream, without awaiting.',
  })
}
