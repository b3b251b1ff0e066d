/** Values that are computed right before they are read first, where that takes fewer registers. */
import { describe, expect, it } from 'vitest'
import { delayValues } from '../../src/codegen/schedule/delay_values.ts'
import type { Expr, LocalExpr } from '../../src/codegen/thread/expr.ts'
import type { MemoryArray } from '../../src/codegen/thread/memory.ts'
import { typeOf } from '../../src/codegen/thread/types.ts'
import { Writer } from '../../src/codegen/thread/writer.ts'
import { whole } from '../gpu/inputs.ts'
import { Compiled } from './compiling.ts'
import { DEVICES } from './devices.ts'
import { withZeros } from './thin_kernels.ts'

const U32 = typeOf('u32', 1)
const ARRAY: MemoryArray = { space: 'storage', name: 'a', element: U32, atomic: false, tensor: 0 }

interface Written {
  readonly out: Writer
  readonly read: (name: string, at: number) => LocalExpr
  /** Four numbers made of one. */
  readonly wide: (name: string, of: Expr) => LocalExpr
  /** Stores the last of four. */
  readonly store: (value: Expr) => void
}

/** The names in the order in which they get their values, stores as arrows. */
function order(write: (body: Written) => void): string {
  const out = new Writer()
  const e = out.expressions
  write({
    out,
    read: (name, at) => out.let(name, e.read(ARRAY, e.u32(at))) as LocalExpr,
    wide: (name, of) => out.let(name, e.add(e.splat(of, 4), e.splat(e.u32(1), 4))) as LocalExpr,
    store: (value) => out.store(ARRAY, e.u32(0), e.component(value, 3), {}),
  })
  return delayValues(out.statements)
    .map((one) => ('local' in one ? one.local.name.replace(/_0$/, '') : '->'))
    .join(' ')
}

describe('values as late as they are wanted', () => {
  it('are those that are larger than what they are made of', () => {
    const text = order(({ read, wide, store }) => {
      const words = [0, 1].map((i) => read('w'.repeat(i + 1), i))
      const values = words.map((word, i) => wide('v'.repeat(i + 1), word))
      for (const value of values) store(value)
    })
    expect(text).toBe('w ww v -> vv ->')
  })

  it('are not those that are smaller', () => {
    const text = order(({ out, read, wide }) => {
      const e = out.expressions
      const word = read('w', 0)
      const part = out.let('part', e.add(e.component(wide('large', word), 0), e.u32(2)))
      out.store(ARRAY, e.u32(1), word, {})
      out.store(ARRAY, e.u32(2), part, {})
    })
    expect(text).toBe('w large part -> ->')
  })

  it('stay before a change of what they are made of', () => {
    const text = order(({ out, read, wide, store }) => {
      const sum = out.variable('sum', read('w', 0))
      const value = wide('v', sum)
      out.assign(sum, out.expressions.u32(7))
      store(value)
      store(wide('vv', sum))
    })
    expect(text).toBe('w sum v sum -> vv ->')
  })

  it('stay in front of a loop that reads them', () => {
    const text = order(({ out, read, wide, store }) => {
      const e = out.expressions
      const value = wide('v', read('w', 0))
      store(wide('vv', read('ww', 1)))
      const counter = out.counter('i', U32)
      out.loop(
        { counter, init: e.u32(0), condition: e.binary('<', counter, e.u32(2)), step: e.u32(1) },
        () => {
          store(value)
        },
      )
    })
    expect(text).toBe('w ww vv -> v ->')
  })
})

describe('weights that are decoded', () => {
  it('leave registers for eight columns a thread, of which each has 32 numbers', () => {
    const [n, k, group] = [128, 4096, 32]
    const groups = whole([n, k / group], 'f16')
    const zeros = whole([n, k / group], 'u4')
    const args = [whole([1, k], 'f16'), whole([n, k], 'u4'), groups, zeros]
    const subject = new Compiled(withZeros as never, args as never, DEVICES.H200)
    const { dispatches } = subject.program({ block_sizes: [1, 64, 1024], num_warps: 8, mma: ['direct'] })
    // 256 numbers of weights are never there at once.
    expect(dispatches[0]?.registers).toBeLessThan(168)
  })
})
