/** Numbers are given at launch, booleans are constants of the specialisation: seen from the caller's side. */
import { describe, expect, it } from 'vitest'
import { JIT_SERVICES } from '../../src/autotuner/jit_services.ts'
import { hl, type Tensor, tensor } from '../../src/index.ts'
import { argumentSpecs, readArguments } from '../../src/kernel/call_arguments.ts'
import { kernelFactory } from '../../src/kernel/factory.ts'
import { baseKey } from '../../src/kernel/specialization.ts'

const kernel = kernelFactory(JIT_SERVICES, { autotuneEffort: 'none' })

describe('booleans among the arguments', () => {
  it('are part of the signature and the key, and no scalars', () => {
    const signatures = [true, false, 'true', 1].map((value) => readArguments([value, [value]]).signature)
    expect(signatures).toEqual(['true;(true;);', 'false;(false;);', '"true";("true";);', 'n;(n;);'])
    expect(readArguments([true, 2, { flag: false, n: 3 }]).scalars).toEqual([2, 3])
    expect(argumentSpecs([true, 2], true)).toEqual([
      { kind: 'constant', value: true },
      { kind: 'scalar', value: 2 },
    ])
    expect(baseKey(argumentSpecs([true, 2, 'a'], true))).toBe('true;number;"a"')
    expect(baseKey(argumentSpecs([false, 3, 'a'], true))).toBe('false;number;"a"')
  })

  it('are what the kernel function gets, in a binding of their own', async () => {
    const seen: unknown[] = []
    const scale = kernel({ staticShapes: false }, function scale(x: Tensor, factor: number, negate: boolean) {
      seen.push(negate)
      const out = hl.emptyLike(x)
      for (const t of hl.tile(x.shape[0])) {
        const scaled = x.at(t).mul(factor)
        if (negate) out.at(t).set(scaled.neg())
        else out.at(t).set(scaled)
      }
      return out
    })
    const x = tensor([1, 2, 3])
    expect([...(await scale(x, 2, true).data())]).toEqual([-2, -4, -6])
    expect([...(await scale(x, 3, false).data())]).toEqual([3, 6, 9])
    expect([...(await scale(x, 4, true).data())]).toEqual([-4, -8, -12])
    expect(seen).toEqual([true, false])
    expect(scale.bind(x, 2, true).bound).toBe(scale.bind(x, 5, true).bound)
    expect(scale.bind(x, 2, true).bound).not.toBe(scale.bind(x, 2, false).bound)
  })
})

describe('numbers among the arguments', () => {
  it('count as true where they are not zero, fractions too', async () => {
    const choose = kernel(function choose(x: Tensor, n: number) {
      const out = hl.emptyLike(x)
      for (const t of hl.tile(x.shape[0])) out.at(t).set(hl.where(n, x.at(t), x.at(t).neg()))
      return out
    })
    const x = tensor([1, 2])
    for (const n of [0.25, -1, 1e-30]) expect([...(await choose(x, n).data())]).toEqual([1, 2])
    for (const n of [0, -0]) expect([...(await choose(x, n).data())]).toEqual([-1, -2])
  })
})
