/**
 * Products on matrix units: sums stay in fragments until the end, and come out through workgroup memory.
 */
import type { BlockId, DotNode } from '../../ir/node.ts'
import { extentOf } from '../../ir/tile_program.ts'
import { DTYPES } from '../../support/dtypes.ts'
import type { Layout } from '../layout/layout.ts'
import { bandElements, bandPitch, type MatrixDivision } from '../layout/matrix_rules.ts'
import { convertLayout } from '../lower/lower_convert.ts'
import type { Lowering } from '../lower/lowering.ts'
import type { MatrixPlan } from '../plan/matrix_plan.ts'
import type { Expr } from '../thread/expr.ts'
import type { Fragment } from '../thread/fragments.ts'
import { accessTo } from '../thread/memory.ts'
import { typeOf } from '../thread/types.ts'
import { threadPart } from '../values/coordinates.ts'
import { chunkRegisters, type Registers } from '../values/registers.ts'
import type { Contraction, DotOperands, Sums } from './contraction.ts'
import { initialValue, plus } from './initial_value.ts'
import { operandFragments, stageOperand } from './matrix_operands.ts'

export function subgroupMatrixContraction(
  lowering: Lowering,
  dot: DotNode,
  layout: Layout,
  plan: MatrixPlan,
): Contraction {
  return {
    begin(init) {
      return fragmentSums(lowering, dot, layout, plan, initialValue(lowering, init, plan.layout))
    },
  }
}

function fragmentSums(
  lowering: Lowering,
  dot: DotNode,
  layout: Layout,
  plan: MatrixPlan,
  init: Registers | undefined,
): Sums {
  const { out } = lowering
  const { division, shape } = plan
  const part = { part: 'result', dtype: dot.type.dtype, shape } as const
  const sums = grid(division, () => out.fragmentZero('sum', part))
  return {
    add: (operands, afterStaging) => addProducts(lowering, dot, plan, { sums, operands, afterStaging }),
    end() {
      const total = plus(lowering, fromFragments(lowering, dot, plan, sums), init)
      return total.layout.key === layout.key ? total : convertLayout(lowering, total, layout)
    },
  }
}

interface Products {
  readonly sums: readonly (readonly Fragment[])[]
  readonly operands: DotOperands
  readonly afterStaging: (() => void) | undefined
}

function addProducts(
  lowering: Lowering,
  dot: DotNode,
  plan: MatrixPlan,
  { sums, operands, afterStaging }: Products,
): void {
  const { out, memory, program, ahead } = lowering
  const { a: left, b: right } = ahead.get(dot) ?? {}
  const a = left ?? stageOperand(lowering, operands.a, plan, 'a')
  const b = right ?? stageOperand(lowering, operands.b, plan, 'b')
  // The barrier comes before what may be emitted in between; the operands are read only after that.
  out.expect([a, b].map(({ staged }) => accessTo(staged.array, 'read', {})))
  afterStaging?.()
  for (let k = 0; k < extentOf(program, plan.depth); k += plan.shape.k) {
    const rows = operandFragments(lowering, a, plan, 'a', k)
    const columns = operandFragments(lowering, b, plan, 'b', k)
    rows.forEach((x, i) => {
      columns.forEach((y, j) => {
        const sum = sums[i]?.[j]
        if (sum) out.fragmentMultiply(x, y, sum)
      })
    })
  }
  if (!left) memory.release(a.staged.array)
  if (!right) memory.release(b.staged.array)
}

/** The sums in the plan's layout: a band of fragments after the other goes through workgroup memory. */
function fromFragments(
  lowering: Lowering,
  dot: DotNode,
  { layout, division, shape, rows, columns }: MatrixPlan,
  sums: readonly (readonly Fragment[])[],
): Registers {
  const { out, e, memory, bound } = lowering
  const { dtype } = dot.type
  const { m, n, band } = division
  // Where it can, the band takes the memory that the operands had.
  const asWords = DTYPES[dtype].bytes === DTYPES.u32.bytes
  const [inner, pitch] = [bandElements(division) / 4, bandPitch(division) / 4]
  const subgroups = bound.threads / bound.limits.subgroupSize
  const array = memory.allocateParts('matrix', typeOf(asWords ? 'u32' : dtype, 4), inner, subgroups)
  const own = out.early('own_band', e.binary('%', e.builtin('subgroup'), e.u32(subgroups)))
  const from = bandPlace(lowering, layout, { rows, columns }, division, pitch)
  const chunks: Expr[] = []
  sums.forEach((row, i) => {
    for (let first = 0; first < row.length; first += 2 ** band) {
      const mark = out.phase()
      row.slice(first, first + 2 ** band).forEach((sum, j) => {
        const place = {
          array,
          outer: own,
          offset: (j * shape.n) / 4,
          pitch,
          columnMajor: false,
        }
        out.fragmentStore(sum, place, mark)
      })
      chunkRegisters(layout).forEach(([register = 0], chunk) => {
        const [down, along] = [
          layout.registerOffset(register, rows),
          layout.registerOffset(register, columns),
        ]
        const fragment = [(down >> m) & (2 ** division.rows - 1), (along >> n) & (2 ** division.columns - 1)]
        if (fragment[0] !== i || (fragment[1] ?? 0) >> band !== first >> band) return
        const { outer, index } = from(down, along)
        chunks[chunk] = out.let('total', e.bitcast(dtype, e.read(array, index, {}, outer)))
      })
    }
  })
  memory.release(array)
  return { layout, dtype, chunks }
}

/** Where a thread finds the elements at its place in the tile and so much further. */
function bandPlace(
  lowering: Lowering,
  layout: Layout,
  { rows, columns }: { readonly rows: BlockId; readonly columns: BlockId },
  division: MatrixDivision,
  pitch: number,
): (down: number, along: number) => { readonly outer: Expr; readonly index: Expr } {
  const { e, out } = lowering
  const { m, n, band, across } = division
  const [rowBits, columnBits] = [m + division.rows, n + division.columns]
  const [rowMask, bandMask] = [2 ** m - 1, 2 ** (n + band) - 1]
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

/** Rows and columns of fragments of a subgroup. */
function grid<T>({ rows, columns }: MatrixDivision, make: () => T): readonly (readonly T[])[] {
  return Array.from({ length: 2 ** rows }, () => Array.from({ length: 2 ** columns }, make))
}
