import { describe, expect, it } from 'vitest'
import {
  hl,
  isTracing,
  type Tensor,
  type Tile,
  type TileValue,
  traceKernel,
} from '../../src/language/index.ts'
import { callSite, entryPoint } from '../../src/support/call_site.ts'
import { ramp, traced } from './harness.ts'
import { authorError, mistake } from './mistakes.ts'

const X = ramp([4])
const here = entryPoint(callSite)

describe('kernels that are none', () => {
  it('without a loop', () => {
    const location = here() // ✗
    expect(
      authorError(() => traceKernel({ name: 'k', fn: () => undefined, args: [], location })),
    ).toMatchInlineSnapshot(`
      "the kernel k has no loop over tiles
      Its work goes into \`for (const tile of hl.tile(size)) { … }\`, or operations on tensors."
    `)
  })

  it('that are async', () => {
    const fn = async (x: Tensor): Promise<void> => {
      for (const t of hl.tile(4)) x.at(t).set(0)
      await Promise.resolve()
      hl.tile(4)
    }
    const location = here() // ✗
    const args = [{ kind: 'tensor', dtype: 'f32', shape: [4], dynamic: [true] }] as const
    expect(authorError(() => traceKernel({ name: 'k', fn, args, location }))).toMatchInlineSnapshot(`
      "the kernel k is an async function
      A kernel function only describes work: remove async and await."
    `)
  })

  it('that are generators', () => {
    const fn = function* (x: Tensor): Generator<Tensor> {
      for (const t of hl.tile(4)) x.at(t).set(0)
      yield x
    }
    const location = here() // ✗
    const args = [{ kind: 'tensor', dtype: 'f32', shape: [4], dynamic: [true] }] as const
    expect(authorError(() => traceKernel({ name: 'k', fn, args, location }))).toMatchInlineSnapshot(`
      "the kernel k is a generator function
      A kernel function only describes work: remove * and yield."
    `)
  })

  it('that wait inside a loop', () => {
    const fn = async (x: Tensor): Promise<void> => {
      for (const t of hl.tile(4)) x.at(t).set(await Promise.resolve(0))
    }
    const location = here() // ✗
    const args = [{ kind: 'tensor', dtype: 'f32', shape: [4], dynamic: [true] }] as const
    expect(authorError(() => traceKernel({ name: 'k', fn, args, location }))).toMatchInlineSnapshot(`
      "the kernel k is an async function
      A kernel function only describes work: remove async and await."
    `)
  })

  it.each<readonly [string, unknown]>([
    ['a number', 3],
    ['a function', () => 0],
    ['an instance', new Map()],
    ['text', 'x'],
    ['a list of something else', [() => 0]],
  ])('that return %s', (_name, value) => {
    const fn = (x: Tensor): unknown => {
      for (const t of hl.tile(4)) x.at(t).set(0)
      return value
    }
    const location = here() // ✗
    const args = [{ kind: 'tensor', dtype: 'f32', shape: [4], dynamic: [true] }] as const
    const text = authorError(() => traceKernel({ name: 'k', fn, args, location }))
    const words = /^the kernel k returned (.*)\n(.*)$/.exec(text)
    expect(RETURNED[String(words?.[1])]).toBe(true)
    expect(words?.[2]).toBe('Return tensors (one, a list or an object of them) or nothing.')
  })

  it('that return what only a kernel has', () => {
    const returned = (pick: (x: Tensor, value: TileValue) => unknown): string => {
      const fn = (x: Tensor): unknown => {
        let kept: unknown
        for (const t of hl.tile(4)) {
          x.at(t).set(0)
          kept = pick(x, x.at(t))
        }
        return kept
      }
      const location = here() // ✗
      const args = [{ kind: 'tensor', dtype: 'f32', shape: [4], dynamic: [true] }] as const
      return authorError(() => traceKernel({ name: 'k', fn, args, location })).split('\n')[0] ?? ''
    }
    expect(returned((_x, value) => value)).toBe('the kernel k returned a tile value')
    expect(returned((x) => x.shape[0])).toBe('the kernel k returned the symbolic size x.shape[0]')
  })

  it('that call another kernel', () => {
    const inner = (x: Tensor): void => {
      for (const t of hl.tile(4)) x.at(t).set(0)
    }
    const args = [{ kind: 'tensor', dtype: 'f32', shape: [4], dynamic: [true] }] as const
    const outer = (): void => {
      entryPoint(traceKernel)({ name: 'inner', fn: inner, args }) // ✗
    }
    expect(mistake(outer, [X])).toMatchInlineSnapshot(`
      "the kernel inner was called inside the kernel k
      Call a plain function that both kernels share, or call the kernels one after the other."
    `)
    expect(isTracing()).toBe(false)
  })
})

const RETURNED: Readonly<Record<string, true>> = {
  'the number 3': true,
  null: true,
  'a function': true,
  'a Map': true,
  'the string "x"': true,
}

describe('hl outside of a kernel', () => {
  it.each<readonly [string, () => unknown]>([
    ['hl.tile', () => hl.tile(4)], // ✗
    ['hl.grid', () => hl.grid(4)], // ✗
    ['hl.staticRange', () => hl.staticRange(4)], // ✗
    ['hl.empty', () => hl.empty([4])], // ✗
    ['hl.zeros', () => hl.zeros([4])], // ✗
    ['hl.full', () => hl.full([4], 1)], // ✗
    ['hl.arange', () => hl.arange(4)], // ✗
    ['hl.specialize', () => hl.specialize(4)], // ✗
    ['hl.exp', () => hl.exp(4)], // ✗
    ['hl.sum', () => hl.sum(4)], // ✗
  ])('%s', (name, call) => {
    expect(authorError(call)).toBe(
      `${name} works only inside a kernel function\n` +
        'Wrap the function with kernel(...) or aotKernel(...) and call the result with tensors.',
    )
  })

  it('methods of values', () => {
    let value: TileValue | undefined
    let tile: Tile | undefined
    traced(
      (x: Tensor) => {
        for (const t of hl.tile(4)) {
          ;[value, tile] = [x.at(t), t]
          x.at(t).set(0)
        }
      },
      [X],
    )
    const add = () => value?.add(1) // ✗
    expect(authorError(add)).toMatchInlineSnapshot(`
      "add works only inside a kernel function
      Wrap the function with kernel(...) or aotKernel(...) and call the result with tensors."
    `)
    const index = () => tile?.index // ✗
    expect(authorError(index)).toMatchInlineSnapshot(`
      "a tile works only inside a kernel function
      Wrap the function with kernel(...) or aotKernel(...) and call the result with tensors."
    `)
  })

  it('sizes on plain numbers work everywhere', () => {
    expect([hl.cdiv(7, 2), hl.nextPowerOf2(5), hl.add(1, 2)]).toEqual([4, 8, 3])
  })
})

describe('work outside of every loop', () => {
  it('reading', () => {
    const kernel = (x: Tensor) => {
      x.at(0) // ✗
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "x.at(…) outside of a loop over tiles
      Work on tiles inside \`for (const tile of hl.tile(size)) { … }\`."
    `)
  })

  it('giving a scalar axes', () => {
    const kernel = (_x: Tensor, scale: number) => {
      hl.unsqueeze(hl.mul(scale, 2), 0) // ✗
    }
    expect(mistake(kernel, [X, 2])).toMatchInlineSnapshot(`
      "a view outside of a loop over tiles
      Work on tiles inside \`for (const tile of hl.tile(size)) { … }\`."
    `)
  })

  it('accumulating', () => {
    const kernel = (_x: Tensor, scale: number) => {
      hl.clone(hl.mul(scale, 2)) // ✗
    }
    expect(mistake(kernel, [X, 2])).toMatchInlineSnapshot(`
      "an accumulator outside of a loop over tiles
      Work on tiles inside \`for (const tile of hl.tile(size)) { … }\`."
    `)
  })

  it('positions', () => {
    const kernel = (_x: Tensor) => {
      hl.range(4) // ✗
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "hl.arange outside of a loop over tiles
      Work on tiles inside \`for (const tile of hl.tile(size)) { … }\`."
    `)
  })
})

describe('names of other languages', () => {
  type Call = (...values: unknown[]) => number
  const other = (owner: unknown): Record<'matmul' | 'masked_fill' | 'foo', Call> => owner as never

  it('are answered with what is written here', () => {
    const product = (x: Tensor) => {
      for (const t of hl.tile(4)) x.at(t).set(other(hl).matmul(x.at(t), 2)) // ✗
    }
    expect(mistake(product, [X])).toMatchInlineSnapshot(`
      "the kernel k failed: other(...).matmul is not a function
      Write hl.dot(a, b), or acc.addDot(a, b) in a loop."
    `)
    const filled = (x: Tensor) => {
      for (const t of hl.tile(4)) x.at(t).set(other(x.at(t)).masked_fill(x.at(t).gt(0), 1)) // ✗
    }
    expect(mistake(filled, [X])).toMatchInlineSnapshot(`
      "the kernel k failed: other(...).masked_fill is not a function
      Write maskedFill."
    `)
  })

  it('and others with what the kernel was called with', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(4)) x.at(t).set(other(x.at(t)).foo()) // ✗
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "the kernel k failed: other(...).foo is not a function
      It was called with x: a tensor. Tensors are made of numbers with tensor([…])."
    `)
  })
})
