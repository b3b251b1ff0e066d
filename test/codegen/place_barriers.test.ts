/** Where barriers stand: before the accesses that need one, on every way to them, and nowhere else. */
import { describe, expect, it } from 'vitest'
import { placeBarriers } from '../../src/codegen/schedule/place_barriers.ts'
import type { Expr } from '../../src/codegen/thread/expr.ts'
import { accessTo, type MemoryArray } from '../../src/codegen/thread/memory.ts'
import type { Statement } from '../../src/codegen/thread/statements.ts'
import { typeOf } from '../../src/codegen/thread/types.ts'
import { Writer } from '../../src/codegen/thread/writer.ts'
import { printStatements } from '../../src/codegen/wgsl/print_statements.ts'
import { races } from './races.ts'

const U32 = typeOf('u32', 1)

function memory(space: 'workgroup' | 'storage', name: string): MemoryArray {
  return { space, name, element: U32, atomic: false, tensor: space === 'storage' ? 0 : undefined }
}

const ARRAYS = { a: memory('workgroup', 'a'), b: memory('workgroup', 'b'), c: memory('workgroup', 'c') }
const TENSOR = memory('storage', 't')

type Name = keyof typeof ARRAYS

/** Writes programs of accesses whose lines say what they do. */
class Body {
  readonly out: Writer = new Writer()

  get zero(): Expr {
    return this.out.expressions.u32(0)
  }

  write(...names: readonly Name[]): void {
    const phase = this.out.phase()
    for (const name of names) this.out.store(ARRAYS[name], this.zero, this.zero, phase)
  }

  read(...names: readonly Name[]): void {
    for (const name of names) this.out.let('x', this.out.expressions.read(ARRAYS[name], this.zero))
  }

  /** `how` is read, write, or the operation of an atomic. */
  tensor(how: 'read' | 'write' | 'add' | 'max', owner?: string): void {
    const mark = { ...this.out.phase(), owner }
    if (how === 'read') this.out.let('x', this.out.expressions.read(TENSOR, this.zero, mark))
    else if (how === 'write') this.out.store(TENSOR, this.zero, this.zero, mark)
    else
      this.out.atomic({
        op: how,
        array: TENSOR,
        index: this.zero,
        value: this.zero,
        before: undefined,
        expected: undefined,
        mark,
      })
  }

  uniform(): void {
    this.out.uniformLoad('bound', ARRAYS.c, this.zero)
  }

  loop(flow: 'rounds' | 'programs', body: () => void): void {
    const counter = this.out.counter('i', U32)
    const condition = this.out.expressions.binary('<', counter, this.out.expressions.u32(4))
    this.out.loop({ flow, counter, init: this.zero, condition, step: this.out.expressions.u32(1) }, body)
  }

  branch(flow: 'branch' | 'some', body: () => void): void {
    const { expressions } = this.out
    this.out.if(flow, expressions.binary('<', expressions.builtin('thread'), expressions.u32(1)), body)
  }
}

/** The lines with their barriers: `b` in workgroup memory, `s` in storage. */
function lines(use: (body: Body) => void): string {
  const body = new Body()
  use(body)
  const placed = placeBarriers(body.out.statements)
  expect(races(placed)).toEqual([])
  return short(placed)
}

function short(statements: readonly Statement[]): string {
  return printStatements(statements, 0)
    .map((line) =>
      line
        .trim()
        .replace('workgroupBarrier();', 'b')
        .replace('storageBarrier();', 's')
        .replace(/^for .*/, 'loop {')
        .replace(/^if .*/, 'if {')
        .replace(/^let \w+ = (\w)\[0u\];/, 'read $1')
        .replace(/^(\w)\[0u\] = 0u;/, 'write $1')
        .replace(/^atomic(\w+).*/, '$1')
        .replace(/^let .*workgroupUniformLoad.*/, 'uniform'),
    )
    .join(' | ')
}

describe('one after the other', () => {
  it('between writes and reads, and between reads and the next writes', () => {
    const twice = (body: Body): void => {
      for (let i = 0; i < 2; i++) {
        body.write('a')
        body.read('a')
      }
    }
    expect(lines(twice)).toBe('write a | b | read a | b | write a | b | read a')
  })

  it('between two writes, of which the later one must win', () => {
    expect(
      lines((body) => {
        body.write('a')
        body.write('a')
      }),
    ).toBe('write a | b | write a')
  })

  it('none between the writes of one tile', () => {
    expect(lines((body) => body.write('a', 'a'))).toBe('write a | write a')
  })

  it('one for all arrays', () => {
    expect(
      lines((body) => {
        body.write('a', 'b')
        body.read('a')
        body.read('b')
      }),
    ).toBe('write a | write b | b | read a | read b')
  })

  it('none between reads, nor between different arrays', () => {
    expect(
      lines((body) => {
        body.read('a')
        body.read('a')
        body.write('b')
      }),
    ).toBe('read a | read a | write b')
  })

  it('none beside a load that is one', () => {
    expect(
      lines((body) => {
        body.write('c')
        body.uniform()
        body.write('c')
      }),
    ).toBe('write c | uniform | write c')
  })

  it('where the accesses are expected, if they need one', () => {
    expect(
      lines((body) => {
        body.write('a')
        body.out.expect([accessTo(ARRAYS.a, 'read', {})])
        body.read('b', 'a')
      }),
    ).toBe('write a | b | read b | read a')
  })

  it('for reads deep in an expression', () => {
    expect(
      lines((body) => {
        body.write('a')
        const { expressions: e } = body.out
        body.out.store(
          ARRAYS.b,
          e.read(ARRAYS.a, body.zero),
          e.add(e.read(ARRAYS.b, body.zero), e.u32(1)),
          {},
        )
      }),
    ).toBe('write a | b | b[a[0u]] = b[0u] + 1u;')
  })
})

describe('around a loop', () => {
  it('a round follows another one', () => {
    const round = (body: Body): void =>
      body.loop('rounds', () => {
        body.write('a')
        body.read('a')
      })
    expect(lines(round)).toBe('loop { | b | write a | b | read a | }')
  })

  it('and its writes of one tile are not those of the next', () => {
    expect(lines((body) => body.loop('rounds', () => body.write('a', 'a')))).toBe(
      'loop { | b | write a | write a | }',
    )
  })

  it('the barriers of one round serve the next', () => {
    expect(
      lines((body) =>
        body.loop('rounds', () => {
          for (const name of ['a', 'b'] as const) {
            body.loop('rounds', () => body.read(name))
            body.write(name)
          }
        }),
      ),
    ).toBe('loop { | loop { | read a | } | b | write a | loop { | read b | } | b | write b | }')
  })

  it('loops in 40 loops, each looked at again by those around it', () => {
    const body = new Body()
    const nest = (depth: number): void => {
      body.write('a')
      body.loop('rounds', () => {
        body.read('a')
        if (depth > 1) nest(depth - 1)
        body.write('b')
      })
    }
    nest(40)
    const text = short(placeBarriers(body.out.statements))
    expect(text.split(' | ').filter((line) => line === 'b').length).toBeLessThanOrEqual(4 * 40)
    expect(text).toMatch(/^write a \| loop \{ \| b \| read a \| b \| write a \| loop \{ \| b \| read a/)
  })

  it('no round may have passed', () => {
    expect(
      lines((body) => {
        body.write('a')
        body.loop('rounds', () => {
          body.write('b')
          body.read('b')
        })
        body.read('a')
      }),
    ).toBe('write a | loop { | b | write b | b | read b | } | b | read a')
  })

  it('whose bounds pass through memory before it, and before the next one', () => {
    expect(
      lines((body) => {
        for (let i = 0; i < 2; i++) {
          body.write('c')
          body.uniform()
          body.loop('rounds', () => {
            body.write('a')
            body.read('a')
          })
        }
      }),
    ).toBe(
      'write c | uniform | loop { | b | write a | b | read a | } | ' +
        'write c | uniform | loop { | b | write a | b | read a | }',
    )
  })

  it('programs share workgroup memory, and no order of their tensors', () => {
    const both = (flow: 'rounds' | 'programs'): string =>
      lines((body) =>
        body.loop(flow, () => {
          body.tensor('write')
          body.write('a')
          body.read('a')
        }),
      )
    expect(both('rounds')).toBe('loop { | s | write t | b | write a | b | read a | }')
    expect(both('programs')).toBe('loop { | write t | b | write a | b | read a | }')
  })
})

describe('in a branch', () => {
  it('a barrier may not have been passed', () => {
    expect(
      lines((body) => {
        body.write('a')
        body.branch('branch', () => {
          body.write('b')
          body.read('b')
        })
        body.read('a')
      }),
    ).toBe('write a | if { | write b | b | read b | } | b | read a')
  })

  it('that some invocations take, the barrier stands before it', () => {
    expect(
      lines((body) => {
        body.write('a')
        body.branch('some', () => body.read('a'))
        body.branch('some', () => body.write('a'))
      }),
    ).toBe('write a | b | if { | read a | } | b | if { | write a | }')
  })

  it('rounds that are written out follow each other', () => {
    expect(
      lines((body) => {
        for (let i = 0; i < 2; i++) body.out.block(() => body.write('a'))
      }),
    ).toBe('{ | write a | } | { | b | write a | }')
  })
})

describe('of tensors', () => {
  const order = (...accesses: readonly Parameters<Body['tensor']>[]): string =>
    lines((body) => {
      for (const access of accesses) body.tensor(...access)
    })

  it('not where each element belongs to one invocation', () => {
    expect(order(['read', 'x'], ['write', 'x'])).toBe('read t | write t')
    expect(order(['read', 'x'], ['write', 'y'])).toBe('read t | s | write t')
    expect(order(['read'], ['write'])).toBe('read t | s | write t')
  })

  it('not between equal atomics', () => {
    expect(order(['add'], ['add'], ['max'], ['read'])).toBe('Add | Add | s | Max | s | read t')
  })

  it('a barrier of one kind is none of the other', () => {
    expect(
      lines((body) => {
        body.tensor('write')
        body.write('a')
        body.read('a')
        body.tensor('read')
        body.write('a')
      }),
    ).toBe('write t | write a | b | read a | s | read t | b | write a')
  })
})

describe('the test of this test', () => {
  const found = (use: (body: Body) => void): readonly string[] => {
    const body = new Body()
    use(body)
    return races(body.out.statements)
  }

  it('finds what lacks a barrier, around a loop and past it', () => {
    expect(
      found((body) => {
        body.write('a')
        body.read('a')
      }),
    ).toEqual(['no barrier from write to read of a'])
    expect(found((body) => body.loop('rounds', () => body.write('a')))).toEqual([
      'no barrier from write to write of a',
    ])
    expect(
      found((body) => {
        body.read('a')
        body.branch('branch', () => body.out.return())
        body.write('a')
      }),
    ).toEqual(['no barrier from read to write of a'])
  })

  it('finds barriers that some do not pass', () => {
    expect(found((body) => body.branch('some', () => body.uniform()))).toEqual([
      'a barrier where not all invocations pass',
    ])
  })
})
