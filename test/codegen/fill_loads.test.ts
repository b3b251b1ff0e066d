/**
 * What loads read past the end of a range, how many masks that leaves, and that it is right in every layout.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hl, type Tensor, type TileValue } from '../../src/language/index.ts'
import type { KernelFunction } from '../../src/language/trace/trace_kernel.ts'
import type { StorageType } from '../../src/support/storage_types.ts'
import { type Argument, host } from '../language/harness.ts'
import { Compiled } from './compiling.ts'
import { OnCpu } from './on_cpu.ts'
import { programConfigs } from './random_programs.ts'

/** A value of each row of two matrices. */
const ofRows =
  (value: (x: TileValue, y: TileValue) => TileValue): KernelFunction =>
  (x: Tensor, y: Tensor) => {
    const out = hl.empty([x.shape[0]], 'f32')
    for (const t of hl.tile(x.shape[0])) out.at(t).set(value(x.at(t, ':'), y.at(t, ':')).to('f32'))
    return out
  }

/** The loads after the pass, and how many values are masked after the one that follows. */
function filled(fn: KernelFunction, dtype: StorageType = 'f32'): string {
  const args: readonly Argument[] = [host([6, 60], (i) => i, dtype), host([6, 60], (i) => i, dtype)]
  const compiled = new Compiled(fn, args)
  const fills = [...compiled.after('fill loads').matchAll(/= load .*?(?: else (.+))?$/gm)].map(
    (load) => load[1] ?? '0',
  )
  const masks = compiled.after('insert masks').match(/= where /g)?.length ?? 0
  return `${fills.join(', ')}; ${masks} masks`
}

describe('a load has past the end', () => {
  it('the neutral value of the reductions that read it', () => {
    expect(filled(ofRows((x) => x.sum(1)))).toBe('0; 0 masks')
    expect(filled(ofRows((x) => x.amax(1)))).toBe('-Infinity; 0 masks')
    expect(filled(ofRows((x, y) => x.amin(1).add(y.prod(1))))).toBe('Infinity, 1; 0 masks')
    expect(filled(ofRows((x) => x.argmax(1).add(x.amax(1).to('i32'))))).toBe('-Infinity; 0 masks')
    expect(
      filled(
        ofRows((x) => x.amax(1)),
        'i32',
      ),
    ).toBe('-2147483648; 0 masks')
    expect(filled(ofRows((x) => x.sort(1).values.amax(1)))).toBe('NaN; 1 masks')
  })

  it('what becomes of it, element by element', () => {
    expect(
      filled(
        ofRows((x) => x.to('f32').amax(1)),
        'f16',
      ),
    ).toBe('-Infinity; 0 masks')
    expect(filled(ofRows((x, y) => x.maximum(y).amax(1)))).toBe('-Infinity, -Infinity; 0 masks')
    expect(filled(ofRows((x) => x.mul(x).sum(1)))).toBe('0; 0 masks')
    expect(filled(ofRows((x, y) => x.relu().mul(y.abs()).sum(1)))).toBe('0, 0; 0 masks')
    expect(filled(ofRows((x) => x.neg().amax(1)))).toBe('0; 1 masks')
  })

  it('zero where something needs that', () => {
    expect(filled(ofRows((x) => x.sum(1).add(x.amax(1))))).toBe('0; 1 masks')
    expect(filled(ofRows((x) => x.amax(1).add(x.amin(1))))).toBe('-Infinity; 1 masks')
  })

  it('zero where it cannot hold the value, or shares words', () => {
    expect(
      filled(
        ofRows((x) => x.to('f32').amax(1)),
        'i32',
      ),
    ).toBe('0; 1 masks')
    expect(
      filled(
        ofRows((x) => x.to('f32').amax(1)),
        'bf16',
      ),
    ).toBe('0; 1 masks')
    expect(
      filled(
        ofRows((x, y) => hl.where(y.gt(0), x.to('f32'), -Infinity).amax(1)),
        'i32',
      ),
    ).toBe('0, 0; 1 masks')
  })

  it('anything where all that is computed is masked', () => {
    const softmax = ofRows((x) =>
      x
        .sub(x.amax(1, { keepdim: true }))
        .exp()
        .sum(1),
    )
    expect(filled(softmax)).toBe('-Infinity; 1 masks')
  })
})

describe('a load has where it is masked', () => {
  const masked =
    (value: (x: TileValue, row: TileValue) => TileValue): KernelFunction =>
    (x: Tensor, y: Tensor) => {
      const out = hl.empty([x.shape[0]], 'f32')
      for (const t of hl.tile(x.shape[0])) {
        const mask = y.at(t, ':').gt(3)
        const row = hl.load(x, [t, ':'], { mask, other: -Infinity })
        out.at(t).set(value(row, mask))
      }
      return out
    }

  it('what its author wants there', () => {
    expect(filled(masked((row) => row.amax(1)))).toBe('0, -Infinity; 0 masks')
    expect(filled(masked((row) => row.exp().sum(1)))).toBe('0, -Infinity; 1 masks')
  })
})

it('what is masked has it also where it lies outside the tensor', () => {
  const shifted: KernelFunction = (x: Tensor) => {
    const out = hl.emptyLike(x)
    for (const [i, j] of hl.tile(x.shape)) {
      const mask = i.index.ge(2).unsqueeze(1).and(j.index.ne(3).unsqueeze(0))
      out.at(i, j).set(hl.load(x, [i.index.sub(2), j], { mask, other: -1 }))
    }
    return out
  }
  for (const dynamic of [false, true])
    new OnCpu(shifted, [host([5, 8], (i) => i + 1)], { dynamic }).expectRight({ block_sizes: [2, 8] })
})

it('what lies outside the tensor is zero all the same', () => {
  const shifted: KernelFunction = (x: Tensor) => {
    const out = hl.empty([x.shape[0]], 'f32')
    for (const t of hl.tile(x.shape[0])) {
      const next = x.at(t, hl.arange(x.shape[1]).add(2)).amax(1)
      out.at(t).set(next.add(x.at(t, ':').amax(1)))
    }
    return out
  }
  for (const dynamic of [false, true])
    new OnCpu(shifted, [host([5, 7], (i) => -1 - i)], { dynamic }).expectRight({ block_sizes: [2] })
})

/** What a row becomes, element by element. */
const LINKS: readonly ((row: TileValue, other: TileValue) => TileValue)[] = [
  (row) => row.abs(),
  (row) => row.neg(),
  (row) => row.relu(),
  (row) => row.add(row),
  (row) => row.add(1),
  (row) => row.maximum(-2).minimum(5),
  (row) => row.to('f32'),
  (row, other) => row.maximum(other),
  (row, other) => hl.where(other.gt(1), row, -Infinity),
]
const TOTALS: readonly ((row: TileValue) => TileValue)[] = [
  (row) => row.sum(1),
  (row) => row.amax(1),
  (row) => row.amin(1),
  (row) => row.to('f32').prod(1),
  (row) => row.argmax(1),
  (row) => row.argmin(1),
  (row) => row.sort(1).values.amin(1),
]
const ODD = [Infinity, -Infinity, 3, -2, 0, -1, 2, 1]
const places = (list: readonly unknown[]) => fc.nat(list.length - 1)

it('is right with infinities, whatever is read, computed and reduced', () => {
  let filledOnes = 0
  const drawn = fc.record({
    dtype: fc.constantFrom<StorageType>('f32', 'f16', 'bf16'),
    length: fc.integer({ min: 1, max: 40 }),
    values: fc.integer({ min: 2, max: ODD.length }),
    chains: fc.array(fc.array(places(LINKS), { maxLength: 3 }), { minLength: 1, maxLength: 3 }),
    totals: fc.array(places(TOTALS), { minLength: 3, maxLength: 3 }),
    masked: fc.boolean(),
    moved: fc.constantFrom('not', 'rows', 'columns'),
    dynamic: fc.boolean(),
    seed: fc.noShrink(fc.nat()),
  })
  fc.assert(
    fc.property(drawn, ({ dtype, length, values, chains, totals, masked, moved, dynamic, seed }) => {
      const kernel: KernelFunction = (x: Tensor, y: Tensor) => {
        const out = hl.empty([x.shape[0], chains.length], 'f32')
        for (const t of hl.tile(x.shape[0])) {
          const other = y.at(t, ':').to('f32')
          const options = masked ? { mask: other.ge(0), other: -Infinity } : {}
          const rows = moved === 'rows' ? t.index.sub(1) : t
          const columns = moved === 'columns' ? hl.arange(x.shape[1]).add(2) : ':'
          const row = hl.load(x, [rows, columns], options)
          chains.forEach((chain, i) => {
            const value = chain.reduce((before, link) => LINKS[link]?.(before, other) ?? before, row)
            out.at(t, i).set(TOTALS[totals[i] ?? 0]?.(value).to('f32') ?? 0)
          })
        }
        return out
      }
      const data = (step: number) =>
        host([3, length], (i) => ODD.slice(-values)[(i * step) % values] ?? 0, dtype)
      const subject = new OnCpu(kernel, [data(3), data(5)], { dynamic, tolerance: { abs: 0, rel: 1e-5 } })
      for (const config of programConfigs(subject.compiled.spec, 3, seed)) subject.outcome(config.data)
      filledOnes += subject.compiled.after('fill loads').match(/ else /g)?.length ?? 0
    }),
    {
      numRuns: Number(process.env.HELION_FILL_RUNS ?? 25),
      seed: Number(process.env.RANDOM_SEED ?? 20261128),
    },
  )
  expect(filledOnes).toBeGreaterThan(10)
})
