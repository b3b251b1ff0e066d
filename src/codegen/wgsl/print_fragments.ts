/** Statements on subgroup matrices as WGSL, in the spelling with templates: the one without is going away. */
import { unreachable } from '../../support/errors.ts'
import { extentOf, type Fragment, type FragmentPlace, type FragmentStatement } from '../thread/fragments.ts'
import { printExpr } from './print_expr.ts'

export function printFragment(statement: FragmentStatement): string {
  switch (statement.kind) {
    case 'fragment_zero':
      // Without a value, what is declared in a loop keeps that of the round before (H200, driver 580).
      return `var ${statement.fragment.name} = ${fragmentType(statement.fragment)}();`
    case 'fragment_load': {
      const { fragment, place } = statement
      const { array, offset, pitch } = placeOf(place)
      const template = `${fragmentType(fragment)}, ${majorness(place)}`
      const begin = statement.declares ? `let ${fragment.name}` : fragment.name
      return `${begin} = subgroupMatrixLoad<${template}>(${array}, ${offset}, ${pitch});`
    }
    case 'fragment_multiply': {
      const { left, right, sum } = statement
      return `${sum.name} = subgroupMatrixMultiplyAccumulate(${left.name}, ${right.name}, ${sum.name});`
    }
    case 'fragment_store': {
      const { array, offset, pitch } = placeOf(statement.place)
      const arguments_ = `${array}, ${offset}, ${statement.fragment.name}, ${pitch}`
      return `subgroupMatrixStore<${majorness(statement.place)}>(${arguments_});`
    }
    default:
      return unreachable(statement)
  }
}

function fragmentType(fragment: Fragment): string {
  const { rows, columns } = extentOf(fragment)
  return `subgroup_matrix_${fragment.part}<${fragment.dtype}, ${columns}, ${rows}>`
}

function majorness({ columnMajor }: FragmentPlace): string {
  return columnMajor ? 'col_major' : 'row_major'
}

function placeOf({ array, outer, offset, pitch }: FragmentPlace): Readonly<Record<string, string>> {
  return { array: `&${array.name}[${printExpr(outer)}]`, offset: `${offset}u`, pitch: `${pitch}u` }
}
