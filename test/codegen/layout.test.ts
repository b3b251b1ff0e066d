/** Who holds which element: pictures of layouts, and what must hold for all of them. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bitRange, type CoordinateBit, Layout } from '../../src/codegen/layout/layout.ts'
import { blockedLayout, dotLayout } from '../../src/codegen/layout/layout_rules.ts'

const [ROW, COLUMN, DEPTH] = [0, 1, 2]
const bit = (block: number, position: number): CoordinateBit => ({ block, bit: position })

/** Positions along the blocks of every element that a thread holds, by register. */
function held(layout: Layout, thread: number, blocks: readonly number[]): readonly string[] {
  return Array.from({ length: layout.size }, (_, register) =>
    blocks.map((block) => layout.registerOffset(register, block) + layout.threadOffset(thread, block)).join(),
  )
}

/** Every position of a tile, in order. */
function positions(extents: readonly number[]): readonly string[] {
  return extents.reduce<string[]>(
    (all, extent) =>
      all.flatMap((at) => Array.from({ length: extent }, (_, i) => (at === '' ? `${i}` : `${at},${i}`))),
    [''],
  )
}

/** Fails unless the threads of each group of copies hold every element of the tile exactly once. */
function expectComplete(layout: Layout, extents: ReadonlyMap<number, number>): void {
  const blocks = [...extents.keys()].sort((a, b) => a - b)
  const all = [...positions(blocks.map((block) => 2 ** (extents.get(block) ?? 0)))].sort()
  const groups = new Map<number, string[]>()
  for (let thread = 0; thread < 2 ** layout.threads.length; thread++) {
    const copy = thread & layout.replicaMask
    groups.set(copy, [...(groups.get(copy) ?? []), ...held(layout, thread, blocks)])
  }
  for (const elements of groups.values()) expect(elements.sort()).toEqual(all)
}

const extentsOf = (layout: Layout): ReadonlyMap<number, number> =>
  new Map([...layout.blocks].map((block) => [block, layout.bitsOf(block)]))

/** Any distribution of the bits of two blocks over registers and threads, with copies. */
const anyLayout: fc.Arbitrary<Layout> = fc
  .record({ rows: fc.nat(4), columns: fc.nat(4), threads: fc.nat(5) })
  .chain(({ rows, columns, threads }) => {
    const bits = [...bitRange(ROW, 0, rows), ...bitRange(COLUMN, 0, columns)]
    const order = fc.shuffledSubarray(bits, { minLength: bits.length })
    const places = fc.array(fc.boolean(), { minLength: threads, maxLength: threads })
    return fc.tuple(order, places).map(([shuffled, taken]) => {
      const rest = [...shuffled]
      const held = taken.map((take) => (take ? rest.shift() : undefined))
      return new Layout(rest, held)
    })
  })

describe('pictures', () => {
  it('of vectors along the columns, threads along them first', () => {
    const wish = {
      vectorBits: 2,
      threadBits: 3,
      extents: [
        { block: COLUMN, bits: 3 },
        { block: ROW, bits: 2 },
      ],
    }
    expect(blockedLayout(wish).picture(ROW, COLUMN)).toMatchInlineSnapshot(`
      "0:0 0:1 0:2 0:3 1:0 1:1 1:2 1:3
      2:0 2:1 2:2 2:3 3:0 3:1 3:2 3:3
      4:0 4:1 4:2 4:3 5:0 5:1 5:2 5:3
      6:0 6:1 6:2 6:3 7:0 7:1 7:2 7:3"
    `)
  })

  it('of copies: threads that find nothing to do', () => {
    const wish = {
      vectorBits: 1,
      threadBits: 4,
      extents: [
        { block: COLUMN, bits: 2 },
        { block: ROW, bits: 1 },
      ],
    }
    const layout = blockedLayout(wish)
    expect(layout.picture(ROW, COLUMN)).toMatchInlineSnapshot(`
      "0:0 0:1 1:0 1:1
      2:0 2:1 3:0 3:1"
    `)
    expect(layout.replicaMask).toBe(0b1100)
  })

  it('of few threads along a block that is reduced', () => {
    const layout = blockedLayout({
      vectorBits: 0,
      threadBits: 3,
      extents: [
        { block: COLUMN, bits: 3 },
        { block: ROW, bits: 2 },
      ],
      maxThreadBits: (block) => (block === COLUMN ? 1 : 9),
    })
    expect(layout.picture(ROW, COLUMN)).toMatchInlineSnapshot(`
      "0:0 1:0 0:1 1:1 0:2 1:2 0:3 1:3
      2:0 3:0 2:1 3:1 2:2 3:2 2:3 3:3
      4:0 5:0 4:1 5:1 4:2 5:2 4:3 5:3
      6:0 7:0 6:1 7:1 6:2 7:2 6:3 7:3"
    `)
  })

  it('of micro-tiles, spread in groups of four', () => {
    const layout = dotLayout({
      batch: [],
      rows: { block: ROW, bits: 3 },
      columns: { block: COLUMN, bits: 4 },
      threadBits: 2,
      sliceBits: 0,
      microRows: 2,
    })
    expect(layout.picture(ROW, COLUMN)).toMatchInlineSnapshot(`
      "0:0 0:1 0:2 0:3 1:0 1:1 1:2 1:3 0:16 0:17 0:18 0:19 1:16 1:17 1:18 1:19
      0:4 0:5 0:6 0:7 1:4 1:5 1:6 1:7 0:20 0:21 0:22 0:23 1:20 1:21 1:22 1:23
      0:8 0:9 0:10 0:11 1:8 1:9 1:10 1:11 0:24 0:25 0:26 0:27 1:24 1:25 1:26 1:27
      0:12 0:13 0:14 0:15 1:12 1:13 1:14 1:15 0:28 0:29 0:30 0:31 1:28 1:29 1:30 1:31
      2:0 2:1 2:2 2:3 3:0 3:1 3:2 3:3 2:16 2:17 2:18 2:19 3:16 3:17 3:18 3:19
      2:4 2:5 2:6 2:7 3:4 3:5 3:6 3:7 2:20 2:21 2:22 2:23 3:20 3:21 3:22 3:23
      2:8 2:9 2:10 2:11 3:8 3:9 3:10 3:11 2:24 2:25 2:26 2:27 3:24 3:25 3:26 3:27
      2:12 2:13 2:14 2:15 3:12 3:13 3:14 3:15 2:28 2:29 2:30 2:31 3:28 3:29 3:30 3:31"
    `)
  })

  it('of a single row', () => {
    expect(new Layout([bit(COLUMN, 0)], [bit(COLUMN, 1), undefined]).picture(undefined, COLUMN)).toBe(
      '0:0 0:1 1:0 1:1',
    )
  })
})

describe('every layout', () => {
  it('of the rule for streaming holds each element once', () => {
    const wish = fc.record({
      bits: fc.tuple(fc.nat(4), fc.nat(4), fc.nat(2)),
      vectorBits: fc.nat(2),
      threadBits: fc.nat(6),
      most: fc.nat(6),
      together: fc.nat(2),
    })
    fc.assert(
      fc.property(wish, ({ bits: [c, r, d], vectorBits, threadBits, most, together }) => {
        const extents = [
          { block: COLUMN, bits: c },
          { block: ROW, bits: r },
          { block: DEPTH, bits: d },
        ]
        const layout = blockedLayout({
          extents,
          vectorBits,
          threadBits,
          maxThreadBits: (block) => (block === ROW ? most : 9),
          together: bitRange(ROW, 0, Math.min(together, r)),
        })
        expectComplete(layout, new Map(extents.map(({ block, bits }) => [block, bits])))
        expect(layout.threads).toHaveLength(threadBits)
        expect(layout.contiguity(COLUMN)).toBeGreaterThanOrEqual(Math.min(vectorBits, c))
      }),
      { seed: 1, numRuns: 100 },
    )
  })

  it('of the rule for products holds each element once, with the rows asked for where they fit', () => {
    const wish = fc.record({
      matrices: fc.nat(5),
      rows: fc.nat(5),
      columns: fc.nat(5),
      threadBits: fc.nat(7),
      sliceBits: fc.nat(3),
      microRows: fc.option(fc.nat(4), { nil: undefined }),
    })
    fc.assert(
      fc.property(wish, ({ matrices, rows, columns, threadBits, sliceBits, microRows }) => {
        const slices = Math.min(sliceBits, threadBits)
        const layout = dotLayout({
          batch: [{ block: DEPTH, bits: matrices }],
          rows: { block: ROW, bits: rows },
          columns: { block: COLUMN, bits: columns },
          threadBits,
          sliceBits: slices,
          microRows,
        })
        expectComplete(
          layout,
          new Map([
            [ROW, rows],
            [COLUMN, columns],
            [DEPTH, matrices],
          ]),
        )
        const perThread = Math.max(0, rows + columns - Math.max(0, threadBits - slices - matrices))
        const held = layout.registers.filter(({ block }) => block === ROW).length
        if (
          microRows !== undefined &&
          perThread - columns <= microRows &&
          microRows <= Math.min(rows, perThread)
        )
          expect(held).toBe(microRows)
      }),
      { seed: 2, numRuns: 100 },
    )
  })

  it('finds the register of an offset, and the offset of a register', () => {
    fc.assert(
      fc.property(anyLayout, (layout) => {
        for (let register = 0; register < layout.size; register++)
          expect(layout.registerAt((block) => layout.registerOffset(register, block))).toBe(register)
      }),
      { seed: 3, numRuns: 100 },
    )
  })

  it('without a block still holds each element of the rest, at the same places', () => {
    fc.assert(
      fc.property(anyLayout, (layout) => {
        const rows = layout.restrict((block) => block === ROW)
        expectComplete(rows, extentsOf(rows))
        expect(rows.threads).toHaveLength(layout.threads.length)
        for (let thread = 0; thread < 2 ** layout.threads.length; thread++) {
          expect(rows.threadOffset(thread, ROW)).toBe(layout.threadOffset(thread, ROW))
          expect(rows.threadOffset(thread, COLUMN)).toBe(0)
        }
      }),
      { seed: 4, numRuns: 100 },
    )
  })

  it('adds up the positions of threads from runs of bits', () => {
    fc.assert(
      fc.property(anyLayout, (layout) => {
        for (let thread = 0; thread < 2 ** layout.threads.length; thread++) {
          const parts = layout
            .threadRuns(ROW)
            .map(({ thread: from, bit: to, length }) => ((thread >> from) & (2 ** length - 1)) << to)
          expect(parts.reduce((a, b) => a + b, 0)).toBe(layout.threadOffset(thread, ROW))
        }
      }),
      { seed: 5, numRuns: 100 },
    )
  })
})

it('a run of threads ends where bits stop following each other', () => {
  const layout = new Layout([], [bit(ROW, 0), bit(ROW, 1), bit(COLUMN, 0), bit(ROW, 2), bit(ROW, 4)])
  expect(layout.threadRuns(ROW)).toEqual([
    { thread: 0, bit: 0, length: 2 },
    { thread: 3, bit: 2, length: 1 },
    { thread: 4, bit: 4, length: 1 },
  ])
})

it('vectors are the lowest registers, in order', () => {
  const [c0, c1, c2] = bitRange(COLUMN, 0, 3) as [CoordinateBit, CoordinateBit, CoordinateBit]
  const contiguity = (...registers: CoordinateBit[]): number => new Layout(registers, []).contiguity(COLUMN)
  expect([contiguity(c0, c1, c2), contiguity(c0, bit(ROW, 0), c1), contiguity(c1, c0)]).toEqual([3, 1, 0])
})
