/** Finding the author's line costs more than tracing: it happens once per call of the author's, if at all. */
import { beforeEach, expect, it, vi } from 'vitest'
import { hl, isTracing, type Tensor } from '../../src/language/index.ts'
import { callerOf, callSite } from '../../src/support/call_site.ts'
import { ramp, traced } from './harness.ts'

vi.mock('../../src/support/call_site.ts', async (original) => {
  const { callSite, callerOf, ...rest } = await original<typeof import('../../src/support/call_site.ts')>()
  return { ...rest, callSite: vi.fn(callSite), callerOf: vi.fn(callerOf) }
})

beforeEach(() => {
  vi.clearAllMocks()
})

it('each call is placed once, however much it does', () => {
  const kernel = (x: Tensor): Tensor => {
    const out = hl.emptyLike(x)
    for (const t of hl.tile(x.shape[0])) {
      const whole = x.at(t, ':')
      out.at(t, ':').set(whole.softmax(1).mul(t.index.unsqueeze(1)))
    }
    return out
  }
  traced(kernel, [ramp([4, 3])], { dynamic: false })
  // emptyLike, tile, at, at, softmax, index, unsqueeze, mul, set
  expect(callerOf).toHaveBeenCalledTimes(9)
  expect(callSite).not.toHaveBeenCalled()
})

it('outside of kernels nobody looks', () => {
  expect(isTracing()).toBe(false)
  expect(hl.cdiv(7, 2)).toBe(4)
  expect(callerOf).not.toHaveBeenCalled()
})

it('a call that fails ends, too', () => {
  const kernel = (x: Tensor): void => {
    for (const t of hl.tile(4)) {
      expect(() => x.at(t).add('one' as unknown as number)).toThrow('add got the string "one" as an operand')
      x.at(t).set(0)
    }
  }
  traced(kernel, [ramp([4])], { dynamic: false })
  // tile, at, add, at, set: the failed call did not swallow those after it.
  expect(callerOf).toHaveBeenCalledTimes(5)
})
