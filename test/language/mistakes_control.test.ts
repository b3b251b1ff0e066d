import { describe, expect, it } from 'vitest'
import { hl, type Tensor, type Tile, type TileValue } from '../../src/language/index.ts'
import { expectRun, ramp, traced } from './harness.ts'
import { mistake, thrownBy } from './mistakes.ts'

const X = ramp([4])

describe('what a loop made is refused after it', () => {
  it('a value, around it in another loop', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(4)) {
        let last: TileValue | undefined
        for (const u of hl.tile(4)) last = x.at(u)
        x.at(t).set(last?.sum() ?? 0) // ✗
      }
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "a value made inside a loop over tiles is used after that loop
      Carry it out of an inner loop in an accumulator, made before that loop by hl.zeros([…]) or
        value.clone() and changed inside it by acc.addAssign(…) or acc.assign(…); out of a
        top-level loop in a tensor: out.at(…).set(…)."
    `)
  })

  it('a value, in the next grid', () => {
    const kernel = (x: Tensor) => {
      let last: TileValue | undefined
      for (const t of hl.tile(4)) last = x.at(t)
      for (const t of hl.tile(4)) x.at(t).set(last ?? 0) // ✗
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "a value made inside a loop over tiles is used after that loop
      Carry it out of an inner loop in an accumulator, made before that loop by hl.zeros([…]) or
        value.clone() and changed inside it by acc.addAssign(…) or acc.assign(…); out of a
        top-level loop in a tensor: out.at(…).set(…)."
    `)
  })

  it('a value, outside of all loops', () => {
    const kernel = (x: Tensor) => {
      let last: TileValue | undefined
      for (const t of hl.tile(4)) last = x.at(t)
      last?.add(1) // ✗
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "a value made inside a loop over tiles is used after that loop
      Carry it out of an inner loop in an accumulator, made before that loop by hl.zeros([…]) or
        value.clone() and changed inside it by acc.addAssign(…) or acc.assign(…); out of a
        top-level loop in a tensor: out.at(…).set(…)."
    `)
  })

  it('a tile', () => {
    const kernel = (x: Tensor) => {
      let last: Tile | undefined
      for (const t of hl.tile(4)) last = t
      for (const _ of hl.tile(4)) x.at(last ?? 0).set(0) // ✗
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "a tile is used after its loop
      A tile is good inside its own loop only; loop over the same range again."
    `)
  })

  it('the positions of a tile', () => {
    const kernel = (x: Tensor) => {
      let last: Tile | undefined
      for (const t of hl.tile(4)) {
        for (const u of hl.tile(4)) last = u
        x.at(t).set(last?.begin ?? 0) // ✗
      }
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "a tile is used after its loop
      A tile is good inside its own loop only; loop over the same range again."
    `)
  })

  it('an accumulator', () => {
    const kernel = (x: Tensor) => {
      let kept: TileValue | undefined
      for (const t of hl.tile(4)) {
        kept = hl.zeros([t])
        x.at(t).set(kept)
      }
      for (const t of hl.tile(4)) x.at(t).set(kept ?? 0) // ✗
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "a value made inside a loop over tiles is used after that loop
      Carry it out of an inner loop in an accumulator, made before that loop by hl.zeros([…]) or
        value.clone() and changed inside it by acc.addAssign(…) or acc.assign(…); out of a
        top-level loop in a tensor: out.at(…).set(…)."
    `)
  })

  it('a change to an accumulator of the inside', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(4)) {
        const inner = [hl.zeros([])]
        for (const _ of hl.tile(4)) inner[0] = hl.zeros([])
        inner[0]?.addAssign(1) // ✗
        x.at(t).set(0)
      }
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "a value made inside a loop over tiles is used after that loop
      Carry it out of an inner loop in an accumulator, made before that loop by hl.zeros([…]) or
        value.clone() and changed inside it by acc.addAssign(…) or acc.assign(…); out of a
        top-level loop in a tensor: out.at(…).set(…)."
    `)
  })

  it('tiles collected in a list', () => {
    const kernel = (x: Tensor) => {
      const [tile] = [...hl.tile(4)]
      for (const t of hl.tile(4)) x.at(t).set(tile?.index ?? 0) // ✗
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "a tile is used after its loop
      A tile is good inside its own loop only; loop over the same range again."
    `)
  })

  it('a value of another kernel', () => {
    let leaked: TileValue | undefined
    traced(
      (x: Tensor) => {
        for (const t of hl.tile(4)) {
          leaked = x.at(t)
          x.at(t).set(0)
        }
      },
      [X],
    )
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(4)) x.at(t).set(leaked ?? 0) // ✗
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "a value made inside a loop over tiles is used after that loop
      Carry it out of an inner loop in an accumulator, made before that loop by hl.zeros([…]) or
        value.clone() and changed inside it by acc.addAssign(…) or acc.assign(…); out of a
        top-level loop in a tensor: out.at(…).set(…)."
    `)
  })
})

describe('what one kernel was given is refused in another', () => {
  it('a number among its arguments', () => {
    let leaked = 0
    traced(
      (x: Tensor, scale: number) => {
        leaked = scale
        for (const t of hl.tile(4)) x.at(t).set(0)
      },
      [X, 3],
    )
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(4)) x.at(t).set(leaked) // ✗
    }
    expect(mistake(kernel, [X])).toContain('is used after that loop')
  })
})

describe('leaving a loop early', () => {
  it('by break', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(4)) {
        // ✗
        x.at(t).set(0)
        break
      }
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "break or return inside a loop over tiles
      The loop body is traced once for all tiles; choose values with hl.where instead."
    `)
  })

  it('by break out of two loops', () => {
    const kernel = (x: Tensor) => {
      outer: for (const t of hl.tile(4)) {
        for (const _ of hl.tile(4)) {
          // ✗
          x.at(t).set(0)
          continue outer
        }
      }
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "break or return inside a loop over tiles
      The loop body is traced once for all tiles; choose values with hl.where instead."
    `)
  })

  it('by return', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(4)) {
        // ✗
        x.at(t).set(0)
        return x
      }
      return x
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "break or return inside a loop over tiles
      The loop body is traced once for all tiles; choose values with hl.where instead."
    `)
  })

  it('by hl.grid and break', () => {
    const kernel = (x: Tensor) => {
      for (const [i] of hl.grid([4])) {
        // ✗
        x.at(i).set(0)
        break
      }
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "break or return inside a loop over tiles
      The loop body is traced once for all tiles; choose values with hl.where instead."
    `)
  })

  it('by keeping the iterator', () => {
    const kernel = (x: Tensor) => {
      const loop = hl.tile(4)[Symbol.iterator]() // ✗
      const t: Tile = loop.next().value
      x.at(t).set(0)
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "the kernel k left a loop over tiles open
      Iterate hl.tile with for…of to its end."
    `)
  })

  it('by closing iterators in the wrong order', () => {
    const kernel = (x: Tensor) => {
      const [outer, inner] = [hl.tile(4)[Symbol.iterator](), hl.tile(4)[Symbol.iterator]()]
      const t: Tile = outer.next().value
      inner.next()
      x.at(t).set(0)
      outer.next() // ✗
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "loops over tiles were closed in another order than they were opened
      Iterate hl.tile directly with for…of; do not keep the iterator."
    `)
  })

  it('by an error of the author lets that error through', () => {
    const own = new RangeError('my own')
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(4)) {
        for (const u of hl.grid(2)) {
          x.at(t).set(u)
          throw own
        }
      }
    }
    expect(thrownBy(() => traced(kernel, [X]))).toBe(own)
  })

  it('leaves nothing behind: the next kernel traces as ever', () => {
    const stops = (x: Tensor) => {
      for (const t of hl.tile(4)) {
        x.at(t).set(0)
        return
      }
    }
    const doubles = (x: Tensor) => {
      const out = hl.empty(x.shape)
      for (const t of hl.tile(x.shape[0])) out.at(t).set(x.at(t).mul(2))
      return out
    }
    thrownBy(() => traced(stops, [X]))
    expectRun(
      doubles,
      [X],
      X.data.map((value) => value * 2),
    )
  })
})

it('a barrier stands between loops, not inside', () => {
  const fine = (x: Tensor) => {
    for (const t of hl.tile(4)) x.at(t).set(1)
    hl.barrier()
    for (const t of hl.tile(4)) x.at(t).set(x.at(t).add(1))
  }
  expect(traced(fine, [X]).grids.length).toBe(2)
  const kernel = (x: Tensor) => {
    for (const t of hl.tile(4)) {
      x.at(t).set(1)
      hl.barrier() // ✗
    }
  }
  expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
    "hl.barrier inside a loop over tiles
    Tiles run in no particular order: end the loop, and read in another one what all of them
      wrote."
  `)
})
