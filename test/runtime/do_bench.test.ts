/** doBench: times what a function launches, keeps what it was given, disposes of what it made. */
import { describe, expect, it } from 'vitest'
import { defaultStream } from '../../src/runtime/default_device.ts'
import { DeviceTensor } from '../../src/runtime/tensor/tensor.ts'
import { full } from '../../src/runtime/tensor/tensor_factories.ts'
import { doBench, doBenchTogether } from '../../src/runtime/timing/do_bench.ts'
import { undisturbed } from '../timers.ts'
import { quickest } from './gpu.ts'

describe('doBench', () => {
  it('times the launches of a call', async () => {
    const timing = await doBench(() => full([4096], 3), { targetMs: 2 })
    expect(timing.medianMs).toBeGreaterThan(0)
    expect(timing.samplesMs.length).toBeGreaterThanOrEqual(3)
  })

  it('times several functions in turns and tells a large one from a small one', async () => {
    await undisturbed(async () => {
      const [small, large] = await doBenchTogether([() => full([1024], 1), () => full([4 * 2 ** 20], 1)], {
        targetMs: 20,
      })
      expect(quickest(large)).toBeGreaterThan(2 * quickest(small))
    })
  })

  it('disposes of what the function made and keeps what it was given', async () => {
    const given = full([16], 1)
    const made: DeviceTensor[] = []
    await doBench(
      () => {
        made.push(full([16], 2))
        return { given, made: made.at(-1) }
      },
      { targetMs: 1 },
    )
    expect(made.map((tensor) => tensor.disposed)).toEqual(made.map(() => true))
    expect(given.disposed).toBe(false)
    expect(await given.data()).toEqual(new Float32Array(16).fill(1))
  })

  it('times functions that dispose of what they made', async () => {
    const timing = await doBench(
      () => {
        const first = full([4096], 1)
        const second = full([4096], 2)
        first.dispose()
        second.dispose()
      },
      { targetMs: 1 },
    )
    expect(timing.medianMs).toBeGreaterThan(0)
    await defaultStream().sync()
  })

  it('refuses a function that launches nothing', async () => {
    await expect(doBench(() => DeviceTensor.allocate([4], 'f32'))).rejects.toThrow(/launched nothing/)
  })

  it('captures nested and leaves the stream as it was', async () => {
    const stream = defaultStream()
    let inner = 0
    const outer = stream.capture(() => {
      inner = stream.capture(() => full([8], 1)).length
      full([8], 2)
    })
    expect([inner, outer.length]).toEqual([1, 1])
    expect(stream.capture(() => {})).toEqual([])
    await stream.sync()
  })
})
