import { describe, expect, it } from 'vitest'
import { kernelWrites } from '../../src/autotuner/trial/kernel_writes.ts'
import { type SampleOptions, sampleReference, spread } from '../../src/autotuner/trial/sampled_reference.ts'
import { returnedTensors } from '../../src/ir/kernel_ir.ts'
import { hl, type Tensor } from '../../src/language/index.ts'
import type { KernelFunction } from '../../src/language/trace/trace_kernel.ts'
import { type HostArgument, host, traced } from '../language/harness.ts'

const forever: SampleOptions = { limitMs: 1e9 }

/** A clock that has run out after `ticks` looks at it. */
function runsOutAfter(ticks: number): SampleOptions {
  let time = 0
  return { limitMs: ticks - 0.5, now: () => time++ }
}

function sample(fn: KernelFunction, args: readonly HostArgument[], options: SampleOptions) {
  const ir = traced(fn, args, { dynamic: false })
  const writes = kernelWrites(ir)
  let argument = 0
  const tensors = ir.tensors.map(({ role, shape }) => {
    const given = role === 'argument' ? args[argument++] : undefined
    const sizes = shape.map(Number)
    return {
      shape: sizes,
      data: Float64Array.from(given?.data ?? Array(sizes.reduce((a, b) => a * b, 1)).fill(-9)),
    }
  })
  const known = sampleReference(ir, writes, tensors, [], options)
  return known.map(({ tensor, values, positions }) => ({
    name: ir.tensors[tensor]?.name,
    values: [...(values as Float64Array)],
    positions: positions && [...(positions as Uint32Array)],
  }))
}

const line = host([256], (i) => i)

function double(x: Tensor): Tensor {
  const out = hl.empty([256])
  for (const t of hl.tile(256)) out.at(t).set(x.at(t).mul(2))
  return out
}

it('reads codes where a table says what they stand for, also as another shape of the tensor', () => {
  const table = Float32Array.from({ length: 256 }, (_, code) => code / 4 - 7)
  const through = (x: Tensor): Tensor => {
    const out = hl.empty([256])
    const flat = x.reshape([256])
    for (const t of hl.tile(256)) out.at(t).set(flat.at(t).mul(2))
    return out
  }
  for (const [fn, shape] of [
    [double, [256]],
    [through, [16, 16]],
  ] as const) {
    const ir = traced(fn, [host([...shape], (i) => i)], { dynamic: false })
    const out = { shape: [256], data: new Float64Array(256) }
    const codes = { shape: [...shape], data: Uint8Array.from({ length: 256 }, (_, i) => 255 - i), table }
    const tensors = ir.tensors.map(({ role }) => (role === 'argument' ? codes : out))
    const [known] = sampleReference(ir, kernelWrites(ir), tensors, [], forever)
    expect([...((known?.values ?? []) as Float64Array)]).toEqual(
      Array.from({ length: 256 }, (_, i) => 2 * (table[255 - i] ?? 0)),
    )
  }
})

describe('with time for everything', () => {
  it('knows what was written', () => {
    const [out] = sample(double, [line], forever)
    expect(out?.positions).toEqual(line.data)
    expect(out?.values).toEqual(line.data.map((v) => v * 2))
  })

  it.each([16, 24, 254])(
    'lists some of what was written, spread evenly, where all would be more than %i',
    (most) => {
      const [out] = sample(double, [line], { ...forever, most })
      const positions = out?.positions ?? []
      expect(positions.length).toBeGreaterThan(most / 2)
      expect(positions.length).toBeLessThanOrEqual(most)
      const steps = new Set(positions.slice(1).map((at, i) => at - (positions[i] ?? 0)))
      expect(steps.size).toBe(1)
      expect(positions[0]).toBe(0)
      expect(positions.at(-1)).toBeGreaterThan(256 - 2 * Math.ceil(256 / positions.length))
    },
  )

  it('ends when no config is compared at more elements, after programs from everywhere', () => {
    const rows = 1024
    const [out] = sample(
      (x: Tensor) => {
        const wide = hl.empty([1024, 2048])
        for (const t of hl.tile(1024, { blockSize: 1 }))
          wide.at(t, ':').set(x.at(t).unsqueeze(1).add(hl.arange(2048)))
        return wide
      },
      [host([rows], (i) => i)],
      forever,
    )
    const written = [...new Set(out?.positions?.map((at) => Math.floor(at / 2048)))]
    expect(written).toHaveLength(256)
    expect(written).toEqual(expect.arrayContaining([0, rows - 1]))
    expect(Math.max(...written.slice(1).map((row, i) => row - (written[i] ?? 0)))).toBeLessThan(20)
  })

  it('knows nothing of what was not', () => {
    const [out] = sample(
      (x: Tensor) => {
        const half = hl.empty([8])
        for (const t of hl.tile(4)) half.at(t).set(x.at(t))
        return half
      },
      [line],
      forever,
    )
    expect(out?.positions).toEqual([0, 1, 2, 3])
  })

  it('knows all of what was filled, and of arguments', () => {
    const known = sample(
      (x: Tensor) => {
        const ones = hl.full([4], 1)
        for (const t of hl.tile(2)) {
          ones.at(t).set(5)
          x.at(t).set(7)
        }
        return ones
      },
      [host([3], [1, 2, 3])],
      forever,
    )
    expect(known.map(({ values, positions }) => [values, positions])).toEqual([
      [[7, 7, 3], undefined],
      [[5, 5, 1, 1], undefined],
    ])
  })
})

describe('without', () => {
  it('knows a sample: the first tile, the last, and others', () => {
    const [out] = sample(double, [line], runsOutAfter(3))
    expect(out?.positions).toHaveLength(3 * 64)
    expect(out?.positions).toContain(0)
    expect(out?.positions).toContain(255)
    for (const position of out?.positions ?? []) expect(out?.values[position]).toBe(2 * position)
  })

  it('knows a sample of arguments that change, too', () => {
    const change = (x: Tensor) => {
      for (const t of hl.tile(256)) x.at(t).set(x.at(t).add(1))
    }
    expect(sample(change, [line], forever)[0]?.positions).toBeUndefined()
    expect(sample(change, [line], runsOutAfter(2))[0]?.positions).toHaveLength(128)
  })

  it('runs at least one program', () => {
    expect(sample(double, [line], runsOutAfter(0))[0]?.positions).toHaveLength(64)
  })

  function sums(x: Tensor): Tensor {
    const total = hl.zeros([1], 'i32')
    for (const t of hl.tile(256)) total.at(0).atomicAdd(x.at(t).to('i32').sum(0))
    return total
  }

  it('knows atomic results only when all programs ran', () => {
    expect(sample(sums, [line], forever)[0]?.values).toEqual([(255 * 256) / 2])
    expect(sample(sums, [line], runsOutAfter(2))).toEqual([])
  })

  it('knows nothing of what later loops write', () => {
    const twice = (x: Tensor) => {
      const [first, second] = [hl.empty([256]), hl.empty([256])]
      for (const t of hl.tile(256)) first.at(t).set(x.at(t))
      for (const t of hl.tile(256)) second.at(t).set(first.at(t))
      return [first, second]
    }
    expect(sample(twice, [line], forever)).toHaveLength(2)
    const [first, ...others] = sample(twice, [line], runsOutAfter(2))
    expect(first?.positions).toHaveLength(128)
    expect(others).toEqual([])
  })
})

describe('tile extents', () => {
  it('are those given, where results depend on them', () => {
    const ids = () => {
      const out = hl.empty([8], 'i32')
      for (const t of hl.tile(8)) out.at(t).set(t.id)
      return out
    }
    expect(kernelWrites(traced(ids, [])).readsExtents).toBe(true)
    expect(kernelWrites(traced(double, [line])).readsExtents).toBe(false)
    expect(sample(ids, [], { ...forever, extentOf: () => 4 })[0]?.values).toEqual([0, 0, 0, 0, 1, 1, 1, 1])
    expect(sample(ids, [], { ...forever, extentOf: () => 2 })[0]?.values).toEqual([0, 0, 1, 1, 2, 2, 3, 3])
  })
})

describe('kernelWrites', () => {
  it('finds what callers see', () => {
    const ir = traced(
      (x: Tensor, y: Tensor) => {
        const [a, b] = [hl.empty([4], 'f16'), hl.empty([4])]
        for (const t of hl.tile(4)) {
          a.at(t).set(x.at(t).to('f16'))
          b.at(t).set(x.at(t))
        }
        for (const t of hl.tile(4)) y.at(t).set(b.at(t))
        return { a, again: [a] }
      },
      [host([4], [1, 2, 3, 4]), host([4], [0, 0, 0, 0])],
    )
    const { visible, lastGrid, precision } = kernelWrites(ir)
    expect(visible.map(({ id }) => id)).toEqual([1, 2])
    expect([...lastGrid]).toEqual([
      [2, 0],
      [3, 0],
      [1, 1],
    ])
    expect(precision).toBe('f16')
    expect(returnedTensors(ir.returns)).toEqual([2, 2])
  })
})

describe('spread', () => {
  it.each([0, 1, 2, 3, 7, 100, 1001])('visits each of %i once, first and last at the start', (count) => {
    const order = [...spread(count)]
    expect(order.slice(0, 2)).toEqual(count > 1 ? [0, count - 1] : count === 1 ? [0] : [])
    expect(order.toSorted((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i))
  })

  it('is even from the start', () => {
    const quarters = [0, 0, 0, 0]
    let visited = 0
    for (const program of spread(1000)) {
      const quarter = Math.floor(program / 250)
      quarters[quarter] = (quarters[quarter] ?? 0) + 1
      if (++visited === 40) break
    }
    expect(Math.min(...quarters)).toBeGreaterThanOrEqual(8)
  })
})

describe('a program that comes to no end', () => {
  /** Goes round 2 ** 40 times where x is 1. */
  const endless = (x: Tensor): Tensor => {
    const out = hl.empty([256])
    for (const t of hl.tile(256, { blockSize: 64 })) {
      const acc = hl.zeros([t])
      for (const _round of hl.grid(
        x
          .at(t.begin)
          .to('i32')
          .mul(2 ** 20),
      ))
        for (const _again of hl.grid(2 ** 20)) acc.addAssign(1)
      out.at(t).set(acc)
    }
    return out
  }
  const from = (first: number) => host([256], (i) => (i === first ? 1 : 0))
  const clock = (): SampleOptions => {
    let time = 0
    return { limitMs: 1000, now: () => time++ }
  }

  it('is given up, and what the others wrote is known', () => {
    const [out] = sample(endless, [from(128)], clock())
    expect(out?.positions).toEqual([...line.data].filter((i) => i < 64 || i >= 192))
  })

  it('leaves nothing known when it is the first', () => {
    expect(sample(endless, [from(0)], clock())).toEqual([])
  })

  it('is a long scan, too', () => {
    const n = 2 ** 14
    const kernel = (x: Tensor): Tensor => {
      const out = hl.empty([n])
      for (const _ of hl.tile(1)) out.at(':').set(x.at(':').cumsum(0))
      return out
    }
    let time = 0
    const slow = { limitMs: 1000, now: () => (time += 500) }
    expect(sample(kernel, [host([n], () => 1)], slow)).toEqual([])
    expect(sample(kernel, [host([n], () => 1)], forever)[0]?.values.at(-1)).toBe(n)
  })
})
