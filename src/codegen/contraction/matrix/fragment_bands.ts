/**
 * Results in fragments, by way of workgroup memory: a band of fragments after the other is stored there, and
 * invocations look at its elements in the plan's layout.
 */
import type { DotNode } from '../../../ir/node.ts'
import { DTYPES } from '../../../support/dtypes.ts'
import { bandPitch, partPitch } from '../../layout/matrix_rules.ts'
import type { MatrixPlan } from '../../plan/matrix_plan.ts'
import type { Lowering } from '../../state/lowering.ts'
import { chunkRegisters, type Registers, wholeChunk } from '../../state/registers.ts'
import type { Expr } from '../../thread/expr.ts'
import type { Fragment, FragmentPlace } from '../../thread/fragments.ts'
import { type AccessMark, accessTo, type MemoryArray } from '../../thread/memory.ts'
import { typeOf } from '../../thread/types.ts'
import type { Question } from '../../values/any_invocation.ts'
import { threadPart } from '../../values/coordinates.ts'

/** Fragments of a subgroup, row by row. */
export type FragmentGrid = readonly (readonly Fragment[])[]

/** The sums in the plan's layout, by way of `array`, which is released. */
export function fromFragments(
  lowering: Lowering,
  dot: DotNode,
  plan: MatrixPlan,
  sums: FragmentGrid,
  array: MemoryArray,
): Registers {
  const { out, e } = lowering
  const { layout, division } = plan
  const { slices, down, across } = division
  const { dtype } = dot.type
  const chunks: Expr[] = []
  const { owners } = eachBand(lowering, plan, sums, array, {
    chunk(number, { index, outer, own }) {
      const mark = slices === 0 ? own : {}
      const parts = Array.from({ length: 2 ** slices }, (_, slice) => {
        const part = e.sum([outer], slice << (down + across))
        return e.bitcast(dtype, e.read(array, index, mark, part))
      })
      chunks[number] = out.let(
        'total',
        parts.reduce((total, part) => e.add(total, part)),
      )
    },
  })
  lowering.memory.release(array)
  const [own] = owners
  if (own && owners.length === 1) lowering.cameOut.set(layout.key, { array, plan, own })
  return { layout, dtype, chunks }
}

/**
 * Asks whether some of `factor`, in the plan's layout, is not 1; what is given multiplies the sums in their
 * fragments by it where that is so, by way of `array`, and then does `afterwards`, for which `array` is free.
 */
export function rescaleFragments(
  lowering: Lowering,
  plan: MatrixPlan,
  sums: FragmentGrid,
  { question, factor }: { readonly question: Question; readonly factor: Registers },
): (array: MemoryArray, afterwards?: () => void) => void {
  const { out, e } = lowering
  const factors = factor.chunks.map((_, i) => wholeChunk(e, factor, i))
  const changes = [...new Set(factor.chunks)]
    .map((chunk) => e.unary('!', e.binary('==', chunk, e.literal(1, factor.dtype))))
    .reduce((some, one) => e.binary('|', some, one))
  question.ask(changes)
  return (array, afterwards) =>
    question.whereAny(() => {
      eachBand(lowering, plan, sums, array, {
        chunk(number, { index, outer, own }) {
          const value = e.bitcast(factor.dtype, e.read(array, index, own, outer))
          const scaled = e.bitcast(array.element.dtype, e.mul(value, factors[number] ?? e.u32(0)))
          out.store(array, index, scaled, own, outer)
        },
        fragment: (fragment, place) => out.fragmentReload(fragment, place),
      })
      afterwards?.()
      // Whoever comes next to the memory does not wait where nothing changed.
      out.expect([accessTo(array, afterwards ? 'read' : 'write', {})])
    })
}

/** An element of a band, and that this invocation alone touches it until all of the band are done. */
interface BandAccess {
  readonly outer: Expr
  readonly index: Expr
  readonly own: AccessMark
}

interface BandVisitor {
  /** Called with each chunk of a thread's registers, when it is in memory. */
  readonly chunk: (number: number, access: BandAccess) => void
  /** Called with each fragment after that. */
  readonly fragment?: (fragment: Fragment, place: FragmentPlace) => void
}

/** Memory for a band of each subgroup; where it can, it is what the operands had. */
export function bandArray(lowering: Lowering, dot: DotNode, { division }: MatrixPlan): MemoryArray {
  const { memory, bound } = lowering
  const { dtype } = dot.type
  const asWords = DTYPES[dtype].bytes === DTYPES.u32.bytes
  const inner = partPitch(division) / 4
  const subgroups = bound.threads / bound.limits.subgroupSize
  return memory.allocateParts('matrix', typeOf(asWords ? 'u32' : dtype, 4), inner, subgroups)
}

/** Stores the fragments band by band, and visits what lies there then. */
function eachBand(
  lowering: Lowering,
  plan: MatrixPlan,
  sums: FragmentGrid,
  array: MemoryArray,
  visitor: BandVisitor,
): { readonly owners: readonly AccessMark[] } {
  const { out, e, bound } = lowering
  const { layout, division, shape, rows, columns } = plan
  const { m, n, band, bandRows } = division
  const pitch = bandPitch(division) / 4
  const subgroups = bound.threads / bound.limits.subgroupSize
  const outer = out.early('own_band', e.binary('%', e.builtin('subgroup'), e.u32(subgroups)))
  const from = bandPlace(lowering, plan)
  const [down, across] = [2 ** bandRows, 2 ** band]
  const owners: AccessMark[] = []
  for (let top = 0; top < sums.length; top += down) {
    for (let first = 0; first < 2 ** division.columns; first += across) {
      const mark = out.phase()
      const own = { owner: `band ${mark.phase}` }
      owners.push(own)
      const stored = sums.slice(top, top + down).flatMap((row, i) =>
        row.slice(first, first + across).map((fragment, j) => {
          const offset = i * shape.m * pitch + (j * shape.n) / 4
          return { fragment, place: { array, outer, offset, pitch, columnMajor: false } }
        }),
      )
      for (const { fragment, place } of stored) out.fragmentStore(fragment, place, mark)
      chunkRegisters(layout).forEach(([register = 0], chunk) => {
        const [below, along] = [
          layout.registerOffset(register, rows),
          layout.registerOffset(register, columns),
        ]
        const [i, j] = [(below >> m) % 2 ** division.rows, (along >> n) % 2 ** division.columns]
        const isHere = i >> bandRows === top >> bandRows && j >> band === first >> band
        if (isHere) visitor.chunk(chunk, { own, ...from(below, along) })
      })
      for (const { fragment, place } of stored) visitor.fragment?.(fragment, place)
    }
  }
  return { owners }
}

/** Where a thread finds the elements at its place in the tile and so much further. */
export function bandPlace(
  lowering: Lowering,
  { layout, rows, columns, division }: MatrixPlan,
): (down: number, along: number) => { readonly outer: Expr; readonly index: Expr } {
  const { e, out } = lowering
  const { m, n, band, bandRows, across } = division
  const pitch = bandPitch(division) / 4
  const [rowBits, columnBits] = [m + division.rows, n + division.columns]
  const [rowMask, bandMask] = [2 ** (m + bandRows) - 1, 2 ** (n + band) - 1]
  const [row, column] = [rows, columns].map((block) => threadPart(lowering, layout, block) ?? e.u32(0))
  if (!row || !column) throw new Error('a product without rows')
  const shifted = (part: Expr, by: number): Expr => e.binary('>>', part, e.u32(by))
  const subgroup = e.add(e.binary('<<', shifted(row, rowBits), e.u32(across)), shifted(column, columnBits))
  const slot = e.add(
    e.mul(e.binary('%', row, e.u32(rowMask + 1)), e.u32(pitch)),
    shifted(e.binary('%', column, e.u32(bandMask + 1)), 2),
  )
  return (down, along) => ({
    outer: e.sum([out.early('of_subgroup', subgroup)], ((down >> rowBits) << across) + (along >> columnBits)),
    index: e.sum([out.early('slot', slot)], (down & rowMask) * pitch + ((along & bandMask) >> 2)),
  })
}
