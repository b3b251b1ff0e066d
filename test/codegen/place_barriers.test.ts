/** Where barriers stand: before the accesses that need one, on every way to them, and nowhere else. */
import { describe, expect, it } from 'vitest'
import { WorkgroupMemory } from '../../src/codegen/memory/workgroup_memory.ts'
import { placeBarriers } from '../../src/codegen/thread/place_barriers.ts'
import { type Access, type Flow, printStatements } from '../../src/codegen/thread/statements.ts'
import { Writer } from '../../src/codegen/thread/writer.ts'
import { races } from './races.ts'

class Body {
  readonly out: Writer = new Writer()
  readonly memory: WorkgroupMemory = new WorkgroupMemory(this.out)
  readonly a: ReturnType<WorkgroupMemory['allocate']> = this.memory.allocate('a', 'f32', 4, 8)
  readonly b: ReturnType<WorkgroupMemory['allocate']> = this.memory.allocate('b', 'f32', 4, 8)

  write(...arrays: readonly ('a' | 'b')[]): void {
    this.memory.beforeWrite(...arrays.map((name) => this[name]))
    this.out.line(`write ${arrays.join()}`)
  }

  read(...arrays: readonly ('a' | 'b')[]): void {
    this.memory.beforeRead(...arrays.map((name) => this[name]))
    this.out.line(`read ${arrays.join()}`)
  }

  tensor(how: string, owner?: string): void {
    this.out.note([{ space: 'storage', place: 'tensor 0', how, owner }])
    this.out.line(how)
  }

  block(flow: Flow, body: () => void): void {
    this.out.block(flow, flow, body)
  }
}

/** The lines with their barriers: `b` in workgroup memory, `s` in storage. */
function lines(use: (body: Body) => void): string {
  const body = new Body()
  use(body)
  const placed = placeBarriers(body.out.statements)
  expect(races(placed)).toEqual([])
  return printStatements(placed, 0)
    .map((line) => line.trim().replace('workgroupBarrier();', 'b').replace('storageBarrier();', 's'))
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

  it('one for all arrays', () => {
    expect(
      lines((body) => {
        body.write('a', 'b')
        body.read('a')
        body.read('b')
      }),
    ).toBe('write a,b | b | read a | read b')
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

  it('none beside a line that is one', () => {
    expect(
      lines(({ out }) => {
        const note = (how: string): void => out.note([{ space: 'workgroup', place: 'c', how }])
        note('write')
        out.line('write c')
        out.let('bound', 'workgroupUniformLoad(&c)', 'workgroup')
        note('write')
        out.line('write c')
      }),
    ).toBe('write c | let bound_0 = workgroupUniformLoad(&c); | write c')
  })

  it('the next use of an array that was released waits, whatever it is used for', () => {
    expect(
      lines(({ memory, out }) => {
        for (const hint of ['first', 'second']) {
          const array = memory.allocate(hint, 'u32', 4, 8)
          memory.beforeWrite(array)
          out.line(`write ${hint}`)
          memory.beforeRead(array)
          out.line(`read ${hint}`)
          memory.release(array)
        }
      }),
    ).toBe('write first | b | read first | b | write second | b | read second')
  })
})

describe('around a loop', () => {
  it('a round follows another one', () => {
    const round = (body: Body): void =>
      body.block('rounds', () => {
        body.write('a')
        body.read('a')
      })
    expect(lines(round)).toBe('rounds { | b | write a | b | read a | }')
  })

  it('the barriers of one round serve the next', () => {
    expect(
      lines((body) =>
        body.block('rounds', () => {
          for (const name of ['a', 'b'] as const) {
            body.block('rounds', () => body.read(name))
            body.write(name)
          }
        }),
      ),
    ).toBe('rounds { | rounds { | read a | } | b | write a | rounds { | read b | } | b | write b | }')
  })

  it('no round may have passed', () => {
    expect(
      lines((body) => {
        body.write('a')
        body.block('rounds', () => {
          body.write('b')
          body.read('b')
        })
        body.read('a')
      }),
    ).toBe('write a | rounds { | b | write b | b | read b | } | b | read a')
  })

  it('whose bounds pass through memory before it, and before the next one', () => {
    expect(
      lines((body) => {
        const { out } = body
        for (let i = 0; i < 2; i++) {
          out.note([{ space: 'workgroup', place: 'c', how: 'write' }])
          out.let('bound', 'workgroupUniformLoad(&c)', 'workgroup')
          body.block('rounds', () => {
            body.write('a')
            body.read('a')
          })
        }
      }),
    ).toBe(
      'let bound_0 = workgroupUniformLoad(&c); | rounds { | b | write a | b | read a | } | ' +
        'let bound_1 = workgroupUniformLoad(&c); | rounds { | b | write a | b | read a | }',
    )
  })

  it('programs share workgroup memory, and no order of their tensors', () => {
    const both = (flow: Flow): string =>
      lines((body) =>
        body.block(flow, () => {
          body.tensor('write')
          body.write('a')
          body.read('a')
        }),
      )
    expect(both('rounds')).toBe('rounds { | s | write | b | write a | b | read a | }')
    expect(both('programs')).toBe('programs { | write | b | write a | b | read a | }')
  })
})

describe('in a branch', () => {
  it('a barrier may not have been passed', () => {
    expect(
      lines((body) => {
        body.write('a')
        body.block('branch', () => {
          body.write('b')
          body.read('b')
        })
        body.read('a')
      }),
    ).toBe('write a | branch { | write b | b | read b | } | b | read a')
  })

  it('that some invocations take nothing may be noted', () => {
    const body = new Body()
    expect(() => body.block('some', () => body.write('a'))).toThrow(
      new Error('access to a_0 noted where not all invocations pass'),
    )
  })

  it('rounds that are written out follow each other', () => {
    expect(
      lines((body) => {
        for (let i = 0; i < 2; i++) body.block('once', () => body.write('a'))
      }),
    ).toBe('once { | write a | } | once { | b | write a | }')
  })
})

describe('of tensors', () => {
  const order = (...accesses: readonly (readonly [how: string, owner?: string])[]): string =>
    lines((body) => {
      for (const [how, owner] of accesses) body.tensor(how, owner)
    })

  it('not where each element belongs to one invocation', () => {
    expect(order(['read', 'x'], ['write', 'x'])).toBe('read | write')
    expect(order(['read', 'x'], ['write', 'y'])).toBe('read | s | write')
    expect(order(['read'], ['write'])).toBe('read | s | write')
  })

  it('not between equal atomics', () => {
    expect(order(['atomic add'], ['atomic add'], ['atomic max'], ['read'])).toBe(
      'atomic add | atomic add | s | atomic max | s | read',
    )
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
    ).toBe('write | write a | b | read a | s | read | b | write a')
  })
})

describe('the test of this test', () => {
  const note = (how: string): { kind: 'note'; accesses: readonly Access[] } => {
    return { kind: 'note', accesses: [{ space: 'workgroup', place: 'a', how }] }
  }
  const line = (text: string) => ({ kind: 'line', text }) as const

  it('finds what lacks a barrier, around a loop and past it', () => {
    const inside = [note('write'), line('a[0] = 1;'), note('read'), line('let x = a[0];')]
    expect(races(inside)).toEqual(['no barrier from write to read of a'])
    expect(races([{ kind: 'block', head: '', flow: 'rounds', body: [note('write')] }])).toEqual([
      'no barrier from write to write of a',
    ])
    const skipped = { kind: 'block', head: '', flow: 'branch', body: [] } as const
    expect(races([note('read'), skipped, note('write')])).toEqual(['no barrier from read to write of a'])
  })

  it('finds what nothing notes, and barriers that some do not pass', () => {
    expect(races([note('write'), line('a[0] = a[1];')])).toEqual(['nothing notes the read in: a[0] = a[1];'])
    const barrier = { kind: 'line', text: 'b', barrier: 'workgroup' } as const
    expect(races([{ kind: 'block', head: '', flow: 'some', body: [barrier] }])).toEqual([
      'a barrier where not all invocations pass: b',
    ])
  })
})
