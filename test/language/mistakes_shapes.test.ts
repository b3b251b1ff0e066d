import { describe, expect, it } from 'vitest'
import { hl, type Tensor } from '../../src/language/index.ts'
import { ramp } from './harness.ts'
import { mistake } from './mistakes.ts'

const Y = ramp([4, 3])

describe('indices', () => {
  it('too few', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(4)) x.at(t) // ✗
    }
    expect(mistake(kernel, [Y])).toMatchInlineSnapshot(`
      "x.at(…) with 1 indices; x has 2 dimensions
      Give one index per dimension; ':' takes a whole one."
    `)
  })

  it('too many', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(4)) x.at(t, null, 0, 0) // ✗
    }
    expect(mistake(kernel, [Y])).toMatchInlineSnapshot(`
      "x.at(…) with 3 indices; x has 2 dimensions
      Give one index per dimension; ':' takes a whole one."
    `)
  })

  it('before the first', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(4)) x.at(t, -4) // ✗
    }
    expect(mistake(kernel, [Y], { dynamic: false })).toMatchInlineSnapshot(`
      "x.at(…) reads position -4 of dimension 1 of x, which has positions 0 to 2
      Positions count from 0, negative ones from the end: -1 is the last."
    `)
  })

  it('beyond a static size', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(4)) x.at(t, 3) // ✗
    }
    expect(mistake(kernel, [Y], { dynamic: false })).toMatchInlineSnapshot(`
      "x.at(…) reads position 3 of dimension 1 of x, which has positions 0 to 2
      Positions count from 0, negative ones from the end: -1 is the last."
    `)
  })

  it('of a size of one', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(4)) x.at(t, 1) // ✗
    }
    expect(mistake(kernel, [ramp([4, 1])])).toMatchInlineSnapshot(`
      "x.at(…) reads position 1 of dimension 1 of x, which has positions 0 to 0
      Positions count from 0, negative ones from the end: -1 is the last."
    `)
  })

  it('fractions', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(4)) x.at(t, 0.5) // ✗
    }
    expect(mistake(kernel, [Y])).toMatchInlineSnapshot(`
      "index 1 of x needs an integer size, not 0.5
      Sizes are whole numbers or dimensions of tensors."
    `)
  })

  it('floats', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(4)) x.at(t, x.at(t, 0)) // ✗
    }
    expect(mistake(kernel, [Y])).toMatchInlineSnapshot(`
      "index 1 of x.at(…) is f32
      Indices are integers: convert with .to('i32')."
    `)
  })

  it('truth values', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(4)) x.at(t, x.at(t, 0).gt(0)) // ✗
    }
    expect(mistake(kernel, [Y])).toMatchInlineSnapshot(`
      "index 1 of x.at(…) is bool
      Indices are integers: convert with .to('i32')."
    `)
  })

  it('booleans', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(4)) x.at(t, true as unknown as number) // ✗
    }
    expect(mistake(kernel, [Y])).toMatchInlineSnapshot(`
      "x.at(…) got the boolean true as index 1
      An index is a tile, a range, ':', null, a number, a size, or a tile value of i32 or u32."
    `)
  })

  it('other texts', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(4)) x.at(t, '::' as ':') // ✗
    }
    expect(mistake(kernel, [Y])).toMatchInlineSnapshot(`
      "x.at(…) got the string "::" as index 1
      An index is a tile, a range, ':', null, a number, a size, or a tile value of i32 or u32."
    `)
  })

  it('tensors', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(4)) x.at(t, x as unknown as number) // ✗
    }
    expect(mistake(kernel, [Y])).toMatchInlineSnapshot(`
      "x.at(…) got a tensor as index 1
      An index is a tile, a range, ':', null, a number, a size, or a tile value of i32 or u32."
    `)
  })

  it('undefined', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(4)) x.at(t, undefined as unknown as number) // ✗
    }
    expect(mistake(kernel, [Y])).toMatchInlineSnapshot(`
      "x.at(…) got undefined as index 1
      An index is a tile, a range, ':', null, a number, a size, or a tile value of i32 or u32."
    `)
  })

  it('lists', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(4)) x.at(t, [0, 1] as unknown as number) // ✗
    }
    expect(mistake(kernel, [Y])).toMatchInlineSnapshot(`
      "x.at(…) got a list as index 1
      An index is a tile, a range, ':', null, a number, a size, or a tile value of i32 or u32."
    `)
  })

  it('tiles that reach too far', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(5)) x.at(t, 0).set(0) // ✗
    }
    expect(mistake(kernel, [Y], { dynamic: false })).toMatchInlineSnapshot(`
      "x.at(…) reads dimension 0 of x up to the end of the tile's range: 5 is not at most 4
      Check the shapes of the arguments."
    `)
  })
})

describe('shapes that do not fit', () => {
  it('two tiles', () => {
    const kernel = (x: Tensor) => {
      for (const [t, u] of hl.tile([4, 3])) x.at(t, u).set(x.at(t, 0).add(x.at(0, u))) // ✗
    }
    expect(mistake(kernel, [Y])).toMatchInlineSnapshot(`
      "add of tiles with shapes [tile0 of 4] and [tile1 of 3], which do not broadcast
      Axes align at the last one; add an axis of one with .unsqueeze(axis), or reduce with
        keepdim: true."
    `)
  })

  it('a tile and a whole dimension', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(4)) x.at(t, ':').set(x.at(t, ':').add(x.at(t, 0))) // ✗
    }
    expect(mistake(kernel, [Y])).toMatchInlineSnapshot(`
      "add of tiles with shapes [tile0 of 4, :x.shape[1]] and [tile0 of 4], which do not
        broadcast
      Axes align at the last one; add an axis of one with .unsqueeze(axis), or reduce with
        keepdim: true."
    `)
  })

  it('two whole dimensions of other static sizes', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(4)) x.at(t, ':').set(x.at(t, ':').add(x.at(':', 0))) // ✗
    }
    expect(mistake(kernel, [Y], { dynamic: false })).toMatchInlineSnapshot(`
      "add of tiles with shapes [tile0 of 4, :3] and [:4], which do not broadcast
      Axes align at the last one; add an axis of one with .unsqueeze(axis), or reduce with
        keepdim: true."
    `)
  })

  it('a store of more axes than positions', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(4)) x.at(t, 0).set(x.at(t, ':')) // ✗
    }
    expect(mistake(kernel, [Y])).toMatchInlineSnapshot(`
      "set of a value with shape [tile0 of 4, :x.shape[1]] to positions [tile0 of 4]
      The value must have those axes, or broadcast to them."
    `)
  })

  it('a store of a tile to one position', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(4)) x.at(0, 0).set(x.at(t, 0)) // ✗
    }
    expect(mistake(kernel, [Y])).toMatchInlineSnapshot(`
      "set of a value with shape [tile0 of 4] to positions []
      The value must have those axes, or broadcast to them."
    `)
  })

  it('a store of another tile', () => {
    const kernel = (x: Tensor) => {
      for (const [t, u] of hl.tile([4, 4])) x.at(t, 0).set(x.at(u, 0)) // ✗
    }
    expect(mistake(kernel, [Y])).toMatchInlineSnapshot(`
      "set of a value with shape [tile1 of 4] to positions [tile0 of 4]
      The value must have those axes, or broadcast to them."
    `)
  })

  it('an atomic operation of another tile', () => {
    const kernel = (x: Tensor) => {
      for (const [t, u] of hl.tile([4, 4])) x.at(t, 0).atomicAdd(x.at(u, 0)) // ✗
    }
    expect(mistake(kernel, [ramp([4, 3], 'i32')])).toMatchInlineSnapshot(`
      "atomicAdd of a value with shape [tile1 of 4] to positions [tile0 of 4]
      The value must have those axes, or broadcast to them."
    `)
  })

  it('a product that shares no axis', () => {
    const kernel = (x: Tensor) => {
      for (const [t, u] of hl.tile([4, 3])) x.at(t, u).dot(x.at(t, u)) // ✗
    }
    expect(mistake(kernel, [Y])).toMatchInlineSnapshot(`
      "dot of [tile0 of 4, tile1 of 3] and [tile0 of 4, tile1 of 3], which is not [m, k] · [k, n]
      Both need two axes and share the middle one; .transpose() swaps the axes."
    `)
  })

  it('a product of a vector and a number', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(4)) x.at(t, 0).dot(x.at(0, 0)) // ✗
    }
    expect(mistake(kernel, [Y])).toMatchInlineSnapshot(`
      "dot of [1, tile0 of 4] and [], which is not [m, k] · [k, n]
      Both need two axes and share the middle one; .transpose() swaps the axes."
    `)
  })

  it('a product for another accumulator', () => {
    const kernel = (x: Tensor) => {
      for (const [t, u] of hl.tile([4, 3])) {
        const acc = hl.zeros([u, t])
        acc.addDot(x.at(t, u), x.at(t, u).transpose()) // ✗
      }
    }
    expect(mistake(kernel, [Y])).toMatchInlineSnapshot(`
      "addDot of a product [tile0 of 4, tile0 of 4] to an accumulator [tile1 of 3, tile0 of 4]
      Make the accumulator with hl.zeros([m, n]) over the same tiles."
    `)
  })

  it('a product of a tile with itself', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(4)) {
        const product = x.at(t, ':').dot(x.at(t, ':').transpose()) // ✗
        x.at(t, 0).set(product.sum(1))
      }
    }
    expect(mistake(kernel, [Y])).toMatchInlineSnapshot(`
      "dot gives a tile with the same dimension twice: [tile0 of 4, tile0 of 4]
      Take one of the two dimensions in tiles of its own: for (const t of hl.tile(size)) …"
    `)
  })

  it('two indices along ranges that were combined before', () => {
    const kernel = (x: Tensor): void => {
      for (const _ of hl.tile(1)) {
        const [a, b] = [hl.arange(3), hl.arange(3)]
        const both = a.add(b)
        x.at(0, 0).set(x.at(a, b).sum().add(both.sum())) // ✗
      }
    }
    for (const dynamic of [false, true])
      expect(mistake(kernel, [ramp([3, 3])], { dynamic })).toMatchInlineSnapshot(`
        "two indices of x.at(…) run along ranges [:3, :3] that were combined before
        Indices over one range pair up, over two they span all combinations: compute both from one
          value, or read one of them again, because every ':' and every hl.arange(size) is a range
          of its own."
      `)
  })
})

describe('sizes that must be equal', () => {
  it('are not', () => {
    const kernel = (x: Tensor) => {
      hl.requireEqual(x.shape[0], x.shape[1]) // ✗
    }
    expect(mistake(kernel, [Y], { dynamic: false })).toMatchInlineSnapshot(`
      "hl.requireEqual: 4 is not equal to 3
      Check the shapes of the arguments."
    `)
  })
})
