import { describe, expect, it } from 'vitest'
import { hl, type Tensor, type TileValue } from '../../src/language/index.ts'
import { ramp } from './harness.ts'
import { mistake } from './mistakes.ts'

const X = ramp([4])

describe('symbolic sizes are no numbers', () => {
  it('in a sum', () => {
    const kernel = (x: Tensor) => {
      const n = x.shape[0] + 1 // ✗
      hl.empty([n])
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "the size x.shape[0] is symbolic here and cannot be used as a plain number
      Compute with hl.add, hl.mul, hl.cdiv, …; or make it a constant of every specialisation
        with hl.specialize(dim), markStatic(tensor, axis) or the option staticShapes: true."
    `)
  })

  it('in a product', () => {
    const kernel = (x: Tensor) => {
      hl.empty([2 * x.shape[0]]) // ✗
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "the size x.shape[0] is symbolic here and cannot be used as a plain number
      Compute with hl.add, hl.mul, hl.cdiv, …; or make it a constant of every specialisation
        with hl.specialize(dim), markStatic(tensor, axis) or the option staticShapes: true."
    `)
  })

  it('in a comparison', () => {
    const kernel = (x: Tensor) => {
      if (x.shape[0] > 2) hl.empty([1]) // ✗
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "the size x.shape[0] is symbolic here and cannot be used as a plain number
      Compute with hl.add, hl.mul, hl.cdiv, …; or make it a constant of every specialisation
        with hl.specialize(dim), markStatic(tensor, axis) or the option staticShapes: true."
    `)
  })

  it('in a text', () => {
    const kernel = (x: Tensor) => {
      throw new Error(`size ${x.shape[0]}`) // ✗
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "the size x.shape[0] is symbolic here and cannot be used as a plain number
      Compute with hl.add, hl.mul, hl.cdiv, …; or make it a constant of every specialisation
        with hl.specialize(dim), markStatic(tensor, axis) or the option staticShapes: true."
    `)
  })

  it('in functions of Math', () => {
    const kernel = (x: Tensor) => {
      hl.empty([Math.max(x.shape[0], 2)]) // ✗
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "the size x.shape[0] is symbolic here and cannot be used as a plain number
      Compute with hl.add, hl.mul, hl.cdiv, …; or make it a constant of every specialisation
        with hl.specialize(dim), markStatic(tensor, axis) or the option staticShapes: true."
    `)
  })

  it('in a loop of JavaScript', () => {
    const kernel = (x: Tensor) => {
      for (let i = 0; i < x.shape[0]; i++) hl.empty([1]) // ✗
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "the size x.shape[0] is symbolic here and cannot be used as a plain number
      Compute with hl.add, hl.mul, hl.cdiv, …; or make it a constant of every specialisation
        with hl.specialize(dim), markStatic(tensor, axis) or the option staticShapes: true."
    `)
  })

  it('of something computed', () => {
    const kernel = (x: Tensor) => {
      hl.empty([hl.cdiv(x.shape[0], 4) - 1]) // ✗
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "the size cdiv(x.shape[0], 4) is symbolic here and cannot be used as a plain number
      Compute with hl.add, hl.mul, hl.cdiv, …; or make it a constant of every specialisation
        with hl.specialize(dim), markStatic(tensor, axis) or the option staticShapes: true."
    `)
  })
})

describe('tile values are no numbers', () => {
  it('in arithmetic', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(4)) x.at(t).set((x.at(t) as unknown as number) * 2) // ✗
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "a tile value cannot be used as a plain number, string or condition
      Use its methods: .add, .mul, .lt, …, and hl.where(condition, a, b) instead of if and ?:."
    `)
  })

  it('in conditions', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(4)) if ((x.at(t) as unknown as number) > 0) x.at(t).set(0) // ✗
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "a tile value cannot be used as a plain number, string or condition
      Use its methods: .add, .mul, .lt, …, and hl.where(condition, a, b) instead of if and ?:."
    `)
  })

  it('in texts', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(4)) x.at(t).set(Number(`${x.at(t)}`)) // ✗
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "a tile value cannot be used as a plain number, string or condition
      Use its methods: .add, .mul, .lt, …, and hl.where(condition, a, b) instead of if and ?:."
    `)
  })

  it('as sizes', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(4)) x.at(t).set(hl.nextPowerOf2(x.at(0) as unknown as number)) // ✗
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "a tile value cannot be used as a plain number, string or condition
      Use its methods: .add, .mul, .lt, …, and hl.where(condition, a, b) instead of if and ?:."
    `)
  })

  it('to be specialised', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(4)) x.at(t).set(hl.specialize(x.at(0) as unknown as number)) // ✗
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "hl.specialize of a tile value, which is neither a size nor a number among the arguments
      Values computed on the device are not known when the kernel is compiled."
    `)
  })

  it('when they are accumulators', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(4)) {
        const acc = hl.zeros([t])
        x.at(t).set((acc as unknown as number) + 1) // ✗
      }
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "a tile value cannot be used as a plain number, string or condition
      Use its methods: .add, .mul, .lt, …, and hl.where(condition, a, b) instead of if and ?:."
    `)
  })

  it('nor are tiles', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(4)) x.at((t as unknown as number) + 1).set(0) // ✗
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "a tile cannot be used as a plain number, string or condition
      Its positions are tile.index, the first one tile.begin; work on them by method:
        tile.index.add(1). As a position it is good in a tensor, not in a list: tensor([…]) makes
        one of numbers."
    `)
  })

  it('nor are tensors', () => {
    const kernel = (x: Tensor) => {
      hl.empty([(x as unknown as number) + 1]) // ✗
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "the tensor x cannot be used as a plain value
      Read elements with .at(…) inside a loop over tiles."
    `)
  })

  it('nor are numbers among the arguments', () => {
    const kernel = (_x: Tensor, count: number) => {
      hl.empty([count * 2]) // ✗
    }
    expect(mistake(kernel, [X, 2])).toMatchInlineSnapshot(`
      "a number among the arguments is given at launch and unknown while the kernel is traced
      Use it with methods and hl functions, or make it a constant of the specialisation:
        hl.specialize(value)."
    `)
  })
})

describe('operands', () => {
  it('missing', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(4)) x.at(t).set((x.at(t).add as () => never)()) // ✗
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "add takes (b), not none
      Give every one that has no question mark."
    `)
  })

  it('too many', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(4)) x.at(t).set((x.at(t).exp as unknown as (more: number) => never)(1)) // ✗
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "exp takes no arguments, not 1 argument
      Leave the rest out."
    `)
  })

  it('undefined', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(4)) x.at(t).set(x.at(t).add(undefined as unknown as number)) // ✗
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "add got undefined as an operand
      Operands are tile values, numbers, booleans and sizes: tensor.at(…) reads a tensor,
        tile.index is where a tile stands."
    `)
  })

  it('a whole tensor', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(4)) x.at(t).set(x.at(t).add(x as unknown as number)) // ✗
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "add got a tensor as an operand
      Operands are tile values, numbers, booleans and sizes: tensor.at(…) reads a tensor,
        tile.index is where a tile stands."
    `)
  })

  it('a tile', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(4)) x.at(t).set(x.at(t).add(t as unknown as number)) // ✗
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "add got a tile as an operand
      Operands are tile values, numbers, booleans and sizes: tensor.at(…) reads a tensor,
        tile.index is where a tile stands."
    `)
  })

  it('text', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(4)) x.at(t).set(x.at(t).add('1' as unknown as number)) // ✗
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "add got the string "1" as an operand
      Operands are tile values, numbers, booleans and sizes: tensor.at(…) reads a tensor,
        tile.index is where a tile stands."
    `)
  })

  it('a list', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(4)) x.at(t).set(x.at(t).add([1] as unknown as number)) // ✗
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "add got a list as an operand
      Operands are tile values, numbers, booleans and sizes: tensor.at(…) reads a tensor,
        tile.index is where a tile stands."
    `)
  })

  it('an object', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(4)) x.at(t).set(x.at(t).add({} as unknown as number)) // ✗
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "add got an object as an operand
      Operands are tile values, numbers, booleans and sizes: tensor.at(…) reads a tensor,
        tile.index is where a tile stands."
    `)
  })

  it('stored: a tensor', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(4)) x.at(t).set(x as unknown as number) // ✗
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "set got a tensor as an operand
      Operands are tile values, numbers, booleans and sizes: tensor.at(…) reads a tensor,
        tile.index is where a tile stands."
    `)
  })

  it('methods of tiles on whole tensors', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(4)) x.at(t).set((x as unknown as TileValue).add(1)) // ✗
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "add on the tensor x, which is not a tile value
      Inside a loop over tiles, work on x.at(…); accumulators are made there too."
    `)
  })
})

describe('methods of results in a kernel', () => {
  it('data', () => {
    const kernel = (x: Tensor) => {
      x.data() // ✗
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "data() on x inside a kernel function
      A kernel only describes work; read results from the tensors that calling it returns."
    `)
  })

  it('dispose', () => {
    const kernel = (x: Tensor) => {
      x.dispose() // ✗
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "dispose() on x inside a kernel function
      A kernel only describes work; read results from the tensors that calling it returns."
    `)
  })

  it('using', () => {
    const kernel = (x: Tensor) => {
      x[Symbol.dispose]() // ✗
    }
    expect(mistake(kernel, [X])).toMatchInlineSnapshot(`
      "using on x inside a kernel function
      A kernel only describes work; read results from the tensors that calling it returns."
    `)
  })
})

describe('axes of tile values', () => {
  it('without a term for each', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(2)) x.at(t, ':').at(null) // ✗
    }
    expect(mistake(kernel, [ramp([2, 3])])).toMatchInlineSnapshot(`
      "at(…) with 0 terms of a tile value with 2 axes
      Give one term per axis; ':' keeps it, null is a new axis of one."
    `)
  })

  it('at computed positions', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(2)) x.at(t, ':').at(':', t.index as never) // ✗
    }
    expect(mistake(kernel, [ramp([2, 3])])).toMatchInlineSnapshot(`
      "at(…) of a tile value got a tile value as a term
      A term is ':', null or a number; computed positions are those of a tensor: tensor.at(…)."
    `)
  })

  it('reduced twice', () => {
    const kernel = (x: Tensor) => {
      for (const t of hl.tile(2)) x.at(t, ':').sum([1, -1]) // ✗
    }
    expect(mistake(kernel, [ramp([2, 3])])).toMatchInlineSnapshot(`
      "sum along axes 1, -1 of a tile with 2 axes
      Name each axis once."
    `)
  })
})
