/** Small thread programs written by hand, and what the workgroup interpreter makes of them. */
import { interpretProgram } from '../../src/codegen/interpreter/interpret_program.ts'
import type { Report, ReportOptions } from '../../src/codegen/interpreter/reports.ts'
import type { Expr } from '../../src/codegen/thread/expr.ts'
import type { Expressions } from '../../src/codegen/thread/expressions.ts'
import type { MemoryArray } from '../../src/codegen/thread/memory.ts'
import type { Statement } from '../../src/codegen/thread/statements.ts'
import { memoryType, typeOf, type Width } from '../../src/codegen/thread/types.ts'
import { Writer } from '../../src/codegen/thread/writer.ts'
import type { AtomicOp } from '../../src/ir/node.ts'
import type { DType } from '../../src/support/dtypes.ts'

export interface BodyOptions extends ReportOptions {
  readonly threads?: number
  readonly subgroupSize?: number
  readonly workgroups?: readonly [number, number, number]
  /** Elements of each tensor, by the name of its buffer. */
  readonly tensors?: Readonly<Record<string, readonly number[]>>
  /** Words of the launch block, all u32. */
  readonly words?: Readonly<Record<string, number>>
}

/** Writes a program. Statements that only the compiler's passes make are added by hand. */
export class Body {
  readonly out: Writer = new Writer()
  readonly e: Expressions = this.out.expressions
  readonly buffers: MemoryArray[] = []
  readonly arrays: { array: MemoryArray; length: number }[] = []
  readonly thread: Expr = this.e.builtin('thread')
  readonly extra: { readonly at: number; readonly statement: Statement }[] = []

  tensor(name: string, dtype: DType = 'u32', width: Width = 1, atomic = false): MemoryArray {
    const known = this.buffers.find((buffer) => buffer.name === name)
    const tensor = known?.tensor ?? new Set(this.buffers.map((buffer) => buffer.tensor)).size
    const array: MemoryArray = {
      space: 'storage',
      name,
      element: memoryType(typeOf(dtype, width)),
      atomic,
      tensor,
    }
    this.buffers.push(array)
    return array
  }

  array(name: string, length: number, dtype: DType = 'u32', width: Width = 1): MemoryArray {
    const element = memoryType(typeOf(dtype, width))
    const array: MemoryArray = { space: 'workgroup', name, element, atomic: false, tensor: undefined }
    this.arrays.push({ array, length })
    return array
  }

  store(array: MemoryArray, index: Expr | number, value: Expr | number): void {
    const of = (x: Expr | number): Expr => (typeof x === 'number' ? this.e.u32(x) : x)
    this.out.store(array, of(index), of(value), {})
  }

  /** Without looking at what was there. */
  atomic(op: AtomicOp, array: MemoryArray, index: Expr, value: Expr, expected?: Expr): void {
    this.out.atomic({ op, array, index, value, before: undefined, expected, mark: {} })
  }

  /** A barrier here; at the top of the program. */
  barrier(space: 'workgroup' | 'storage'): void {
    this.extra.push({
      at: this.out.statements.length + this.extra.length,
      statement: { kind: 'barrier', space },
    })
  }

  get statements(): readonly Statement[] {
    const list = [...this.out.statements]
    for (const { at, statement } of this.extra) list.splice(at, 0, statement)
    return list
  }
}

/** Runs what `write` writes; the tensors afterwards, by name, and the reports. */
export function runBody(
  write: (body: Body) => void,
  {
    threads = 4,
    subgroupSize = 0,
    workgroups = [1, 1, 1],
    tensors = {},
    words = {},
    ...reports
  }: BodyOptions,
): { readonly tensors: Readonly<Record<string, number[]>>; readonly reports: readonly Report[] } {
  const body = new Body()
  write(body)
  const byId: Float64Array[] = []
  for (const { name, tensor } of body.buffers) byId[tensor ?? 0] = Float64Array.from(tensors[name] ?? [])
  const program = {
    threads,
    subgroupSize,
    buffers: body.buffers.map((array) => ({
      array,
      tensor: array.tensor ?? 0,
      stored: array.element.dtype,
      access: 'read_write' as const,
    })),
    arrays: body.arrays,
    fields: Object.keys(words).map((name) => ({ name, word: { kind: 'size' as const, size: 0 } })),
    body: body.statements,
  }
  const launch = { words: Uint32Array.from(Object.values(words)), workgroups, tensors: byId }
  const found = interpretProgram(program, launch, reports)
  const after = body.buffers.map(({ name, tensor }): [string, number[]] => [
    name,
    [...(byId[tensor ?? 0] ?? [])],
  ])
  return { tensors: Object.fromEntries(after), reports: found }
}
