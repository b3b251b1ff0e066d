/** The program of one invocation, and what it touches: all that printing and running it need. */

import { DTYPES } from '../../support/dtypes.ts'
import { computeType, type StorageType } from '../../support/storage_types.ts'
import type { LaunchWord } from '../program.ts'
import { isSubgroupFunction } from './builtins.ts'
import { type BuiltinValue, type Expr, walkExpr } from './expr.ts'
import type { MemoryArray } from './memory.ts'
import { expressionsOf, type Statement, walkStatements } from './statements.ts'
import { type ThreadType, typeOf } from './types.ts'

/** A storage buffer as the program sees it. */
export interface BufferBinding {
  /** Whose memory it is, by its id in the tile program. */
  readonly tensor: number
  readonly access: 'read' | 'read_write'
  readonly array: MemoryArray
  /** The type of the tensor's elements, which `array` shows as words where they are packed. */
  readonly stored: StorageType
}

/** An array of the program, with its final length in elements. */
export interface WorkgroupArray {
  readonly array: MemoryArray
  readonly length: number
  /** Arrays in it, of equal length, where it is an array of arrays. */
  readonly parts?: number
}

/** A word of the launch block. */
export interface LaunchField {
  readonly name: string
  readonly word: LaunchWord
}

export interface ThreadProgram {
  /** Invocations of a workgroup. */
  readonly threads: number
  /** Lanes of a subgroup where it is fixed, else 0. */
  readonly subgroupSize: number
  /** Group 0, binding i. */
  readonly buffers: readonly BufferBinding[]
  readonly arrays: readonly WorkgroupArray[]
  /** Words of the launch block, in order. */
  readonly fields: readonly LaunchField[]
  readonly body: readonly Statement[]
}

/** What a program needs of WGSL. */
export interface Needs {
  /** Types that have to be asked for. */
  readonly types: ReadonlySet<string>
  readonly subgroups: boolean
  readonly subgroupMatrices: boolean
  readonly builtins: ReadonlySet<BuiltinValue>
}

export function needsOf(program: ThreadProgram): Needs {
  const { buffers, arrays } = program
  const builtins = new Set<BuiltinValue>()
  const types = new Set<string>()
  const need = ({ dtype }: ThreadType): void => {
    const { extension } = DTYPES[dtype]
    if (extension) types.add(extension)
  }
  for (const { array } of [...buffers, ...arrays]) need(array.element)
  let subgroups = false
  walkProgram(program, (expr) => {
    need(expr.type)
    if (expr.kind === 'builtin') builtins.add(expr.value)
    if (expr.kind === 'call') subgroups ||= isSubgroupFunction(expr.fn)
  })
  let subgroupMatrices = false
  walkStatements(program.body, (statement) => {
    if (statement.kind !== 'fragment_zero' && statement.kind !== 'fragment_load') return
    subgroupMatrices = true
    need(typeOf(computeType(statement.fragment.dtype), 1))
  })
  return { types, subgroups: subgroups || subgroupMatrices, subgroupMatrices, builtins }
}

/** Calls `visit` for every expression of a program, once each, in program order. */
export function walkProgram({ body }: ThreadProgram, visit: (expr: Expr) => void): void {
  const seen = new Set<Expr>()
  walkStatements(body, (statement) => {
    for (const expr of expressionsOf(statement)) {
      walkExpr(expr, (part) => {
        if (!seen.has(part)) visit(part)
        seen.add(part)
      })
    }
  })
}
