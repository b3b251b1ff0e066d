/** What the workgroup interpreter reports, and what it does not. */
import { describe, expect, it } from 'vitest'
import { printReport } from '../../src/codegen/interpreter/reports.ts'
import type { MemoryArray } from '../../src/codegen/thread/memory.ts'
import { typeOf } from '../../src/codegen/thread/types.ts'
import { type Body, type BodyOptions, runBody } from './thread_programs.ts'

/** The kinds and places of the reports. */
function reported(write: (body: Body) => void, options: BodyOptions = {}): readonly string[] {
  const tensors = { t: [0, 0, 0, 0], ...options.tensors }
  return runBody(write, { ...options, tensors }).reports.map(({ kind, place }) => `${kind} ${place}`)
}

/** Each invocation writes its element; then each reads its neighbour's, past what `between` puts there. */
function exchange(between: (body: Body) => void): (body: Body) => void {
  return (body) => {
    const { out, e, thread } = body
    const a = body.array('a', 4)
    body.store(a, thread, thread)
    between(body)
    out.let('x', e.read(a, e.binary('^', thread, e.u32(1))))
  }
}

it('names are visible in their block, and after them', () => {
  const hidden = (body: Body) => {
    const { out, e } = body
    let inner = e.u32(0) as ReturnType<typeof out.let>
    out.block(() => {
      inner = out.let('inner', body.thread)
      out.let('twice', e.add(inner, inner))
    })
    out.let('outer', inner)
  }
  expect(() => reported(hidden)).toThrow('inner_0 is read by a let where it is not visible')
})

describe('a race in workgroup memory', () => {
  it('is a read of what another wrote, unless a barrier is between', () => {
    expect(reported(exchange(() => {}))).toEqual(['race a'])
    expect(reported(exchange((body) => body.barrier('workgroup')))).toEqual([])
    expect(reported(exchange((body) => body.barrier('storage')))).toEqual(['race a'])
  })

  it('is a write over what another read', () => {
    const overwrite = (barrier: boolean) => (body: Body) => {
      const { out, e, thread } = body
      const a = body.array('a', 4)
      body.store(a, thread, 1)
      body.barrier('workgroup')
      out.let('x', e.read(a, e.u32(0)))
      if (barrier) body.barrier('workgroup')
      body.store(a, thread, 2)
    }
    expect(reported(overwrite(false))).toEqual(['race a'])
    expect(reported(overwrite(true))).toEqual([])
  })

  it('is two writes, of the same value too', () => {
    expect(reported((body) => body.store(body.array('a', 4), 0, 1))).toEqual(['race a'])
  })

  it('is none of an invocation with itself', () => {
    const own = (body: Body): void => {
      const a = body.array('a', 4)
      body.store(a, body.thread, 1)
      body.store(a, body.thread, body.e.add(body.e.read(a, body.thread), body.e.u32(1)))
    }
    expect(reported(own)).toEqual([])
  })

  it('goes around a loop', () => {
    const rounds = (barrier: boolean) => (body: Body) => {
      const { out, e, thread } = body
      const a = body.array('a', 4)
      const counter = out.counter('i', typeOf('u32', 1))
      const neighbour = e.binary('^', thread, e.u32(1))
      const condition = e.binary('<', counter, e.u32(3))
      out.loop({ counter, init: e.u32(0), condition, step: e.u32(1) }, () => {
        if (barrier) out.uniformLoad('x', body.array('b', 1), e.u32(0))
        body.store(a, thread, 1)
        out.uniformLoad('x', a, e.u32(0))
        out.let('x', e.read(a, neighbour))
      })
    }
    expect(reported(rounds(false))).toEqual(['race a'])
    expect(reported(rounds(true))).toEqual(['unwritten b'])
  })

  it('is seen whatever lowering says of the accesses', () => {
    const marked = ({ out, e, thread, ...body }: Body): void => {
      const a: MemoryArray = {
        space: 'workgroup',
        name: 'a',
        element: typeOf('u32', 1),
        atomic: false,
        tensor: undefined,
      }
      body.arrays.push({ array: a, length: 4 })
      const mark = { owner: 'everyone', phase: 1 }
      out.store(a, thread, thread, mark)
      out.let('x', e.read(a, e.binary('^', thread, e.u32(1)), mark))
    }
    expect(reported(marked)).toEqual(['race a'])
  })
})

describe('a race in a tensor', () => {
  it('is seen between vectors and elements of it', () => {
    const mixed = (body: Body): void => {
      const { out, e, thread } = body
      const isFirst = e.binary('==', thread, e.u32(0))
      const whole = body.tensor('t', 'u32', 4)
      out.if('some', isFirst, () => out.store(whole, e.u32(0), e.constant(1, typeOf('u32', 4)), {}))
      out.if('some', e.unary('!', isFirst), () => body.store(body.tensor('t'), thread, 1))
    }
    expect(reported(mixed)).toEqual(['race t'])
  })

  it('is none of equal atomics, but of different ones and of reads', () => {
    type Op = 'add' | 'max' | 'await'
    const two = (first: Op, second: Op) => (body: Body) => {
      const t = body.tensor('t', 'u32', 1, true)
      body.atomic(first, t, body.e.u32(0), body.e.u32(1))
      body.atomic(second, t, body.e.u32(0), body.e.u32(1))
    }
    expect(reported(two('add', 'add'))).toEqual([])
    expect(reported(two('add', 'max'))).toEqual(['race t'])
    expect(reported(two('add', 'await'))).toEqual([])
    const looked = (body: Body): void => {
      const t = body.tensor('t', 'u32', 1, true)
      body.atomic('add', t, body.e.u32(0), body.e.u32(1))
      body.out.let('x', body.e.read(t, body.e.u32(0)))
    }
    expect(reported(looked)).toEqual(['race t'])
  })
})

describe('programs that nothing orders', () => {
  const apart: BodyOptions = { threads: 1, workgroups: [2, 1, 1] }
  const x = ({ e }: Body) => e.builtin('workgroup.x')

  it('are reported where they write different values, or one reads what another writes', () => {
    expect(reported((body) => body.store(body.tensor('t'), 0, x(body)), apart)).toEqual(['unordered t'])
    const readLater = (body: Body): void => {
      const { out, e } = body
      out.let('x', e.read(body.tensor('t'), e.u32(0)))
      body.store(body.tensor('t'), x(body), 7)
    }
    expect(reported(readLater, apart)).toEqual(['unordered t'])
    const mixed = (body: Body): void => {
      const t = body.tensor('t', 'u32', 1, true)
      body.out.if('some', body.e.binary('==', x(body), body.e.u32(0)), () => body.store(t, 0, 5))
      body.atomic('add', t, body.e.u32(0), body.e.u32(1))
    }
    expect(reported(mixed, apart)).toEqual(['unordered t'])
  })

  it('may write the same value, and read it again', () => {
    const same = (body: Body): void => {
      body.store(body.tensor('t'), 0, 7)
      body.out.let('x', body.e.read(body.tensor('t'), body.e.u32(0)))
    }
    expect(reported(same, apart)).toEqual([])
    const atomics = (body: Body): void =>
      body.atomic('add', body.tensor('t', 'u32', 1, true), body.e.u32(0), body.e.u32(1))
    expect(reported(atomics, apart)).toEqual([])
  })

  it('may be rounds of one workgroup', () => {
    const persistent = (flow: 'rounds' | 'programs') => (body: Body) => {
      const { out, e } = body
      const counter = out.counter('program', typeOf('u32', 1))
      const condition = e.binary('<', counter, e.u32(3))
      out.loop({ flow, counter, init: e.u32(0), condition, step: e.u32(1) }, () =>
        body.store(body.tensor('t'), 0, counter),
      )
    }
    expect(reported(persistent('programs'), { threads: 1 })).toEqual(['unordered t'])
    expect(reported(persistent('rounds'), { threads: 1 })).toEqual([])
  })
})

describe('what not all invocations reach', () => {
  const some = (write: (body: Body) => void) => (body: Body) => {
    const { out, e, thread } = body
    out.if('some', e.binary('<', thread, e.u32(2)), () => write(body))
  }

  it('is a uniform load, or one of different elements', () => {
    const load = (body: Body): void => {
      body.out.uniformLoad('x', body.array('a', 4), body.e.u32(0))
    }
    expect(reported(some(load))).toEqual(['divergent a', 'unwritten a'])
    const different = (body: Body): void => {
      const a = body.array('a', 4)
      body.store(a, body.thread, 1)
      body.out.uniformLoad('x', a, body.thread)
    }
    expect(reported(different)).toEqual(['divergent a'])
  })

  it('is a barrier after some have returned', () => {
    const early = (body: Body): void => {
      some(({ out }) => out.return())(body)
      body.barrier('workgroup')
    }
    expect(reported(early)).toEqual(['divergent workgroup barrier'])
  })

  it('is a subgroup function; whole subgroups may go another way', () => {
    const sum = some(({ out, e, thread }) => {
      out.let('total', e.call('subgroupAdd', thread))
    })
    expect(reported(sum, { subgroupSize: 4 })).toEqual(['divergent subgroupAdd'])
    expect(reported(sum, { subgroupSize: 2 })).toEqual([])
    expect(() => reported(sum)).toThrow('subgroupAdd without subgroups')
  })
})

describe('memory', () => {
  it('of a workgroup is its own', () => {
    const late = (body: Body): void => {
      const { out, e } = body
      const a = body.array('a', 4)
      const isFirst = e.binary('==', e.builtin('workgroup.x'), e.u32(0))
      out.if('branch', isFirst, () => body.store(a, body.thread, 1))
      out.let('x', e.read(a, body.thread))
    }
    expect(reported(late)).toEqual([])
    expect(reported(late, { workgroups: [2, 1, 1] })).toEqual(['unwritten a'])
  })

  it('ends: arrays with their length, buffers with their padding', () => {
    expect(
      reported((body) => body.store(body.array('a', 4), body.e.add(body.thread, body.e.u32(1)), 1)),
    ).toEqual(['outside a'])
    const read = (index: number) => (body: Body) => {
      body.out.let('x', body.e.read(body.tensor('t', 'u32', 1), body.e.u32(index)))
    }
    const five = { tensors: { t: [1, 2, 3, 4, 5] } }
    expect(reported(read(7), five)).toEqual([])
    expect(reported(read(8), five)).toEqual(['outside t'])
  })

  it('behind the elements of a tensor holds nothing of use', () => {
    const { tensors, reports } = runBody(
      (body) =>
        body.store(
          body.tensor('out', 'f32'),
          body.thread,
          body.e.read(body.tensor('x', 'f32'), body.e.u32(1)),
        ),
      { threads: 2, tensors: { x: [1], out: [0, 0] } },
    )
    expect([tensors.out, reports]).toEqual([[Number.NaN, Number.NaN], []])
  })
})

describe('a report', () => {
  const race = (body: Body): void => body.store(body.array('a', 4), 0, body.thread)

  it('says what, where, who and in which statements', () => {
    const { reports } = runBody(
      exchange(() => {}),
      {},
    )
    expect(reports).toEqual([
      {
        kind: 'race',
        place: 'a',
        index: 1,
        invocations: [0, 1],
        statement: 'let x_0 = a[thread ^ 1u];',
        earlier: 'a[thread] = thread;',
      },
    ])
    expect(reports.map(printReport)).toEqual([
      'a[1] is touched by two invocations without a barrier between (0, 1): "let x_0 = a[thread ^ 1u];", ' +
        'after "a[thread] = thread;"',
    ])
  })

  it('comes once for each pair of statements, up to a limit', () => {
    const many = (body: Body): void => {
      race(body)
      for (const name of ['b', 'c']) body.store(body.array(name, 1), 0, body.thread)
    }
    expect(reported(many)).toEqual(['race a', 'race b', 'race c'])
    expect(reported(many, { limit: 2 })).toEqual(['race a', 'race b'])
  })

  it('can be an error', () => {
    expect(() => runBody(race, { throws: true })).toThrow(
      'a[0] is touched by two invocations without a barrier between (1, 0): "a[0u] = thread;", ' +
        'after "a[0u] = thread;"',
    )
  })

  it('is no loop without an end', () => {
    const endless = ({ out, e }: Body): void => {
      const counter = out.counter('i', typeOf('u32', 1))
      const condition = e.binary('<', counter, e.u32(1))
      out.loop({ counter, init: e.u32(0), condition, step: e.u32(0) }, () => {})
    }
    expect(() => runBody(endless, { threads: 1 })).toThrow('the loop over i_0 does not end')
  })
})
