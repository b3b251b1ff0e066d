/**
 * Expressions of a thread program for all lanes at once: each becomes a function that computes one value per
 * active lane. What a `select` throws away need not exist: lanes that it does not take from an operand read
 * nothing there.
 */
import { referenceOf, roundTo } from '../../ir/interpret_values.ts'
import type { DType } from '../../support/dtypes.ts'
import { isSubgroupFunction } from '../thread/builtins.ts'
import {
  type BitcastExpr,
  type CallExpr,
  type Expr,
  type InlineExpr,
  type LocalExpr,
  type ReadExpr,
  walkExpr,
} from '../thread/expr.ts'
import { asElements } from './launch.ts'
import {
  binaryRule,
  bitcastRule,
  convertRule,
  functionRule,
  helperRule,
  type ScalarRule,
  unaryRule,
} from './scalar_rules.ts'
import { combineSubgroups } from './subgroups.ts'
import type { Workgroup } from './workgroup.ts'

/** An element of an array; the first of one, without an index. */
type Place = Pick<ReadExpr, 'array' | 'outer'> & { readonly index: Expr | undefined }

/** Element i of a lane is at `lane * width + i`; those of lanes that are not active mean nothing. */
export type Values = Float64Array
/** Gives the values, which the next call overwrites. */
export type Evaluate = () => Values

export class Evaluator {
  readonly #group: Workgroup
  readonly #known = new Map<Expr, Evaluate>()
  readonly #locals = new Map<LocalExpr, Values>()

  constructor(group: Workgroup) {
    this.#group = group
  }

  /** The function that evaluates an expression. */
  of(expr: Expr): Evaluate {
    const known = this.#known.get(expr)
    if (known) return known
    const made = this.#make(expr)
    this.#known.set(expr, made)
    return made
  }

  /** Where the values of a name are kept. */
  local(local: LocalExpr): Values {
    const known = this.#locals.get(local)
    if (known) return known
    const made = this.#room(local)
    this.#locals.set(local, made)
    return made
  }

  #make(expr: Expr): Evaluate {
    const { dtype } = expr.type
    switch (expr.kind) {
      case 'literal':
        return this.#constant(expr, expr.value)
      case 'field':
        return this.#constant(expr, this.#group.field(expr.name, dtype))
      case 'local': {
        const values = this.local(expr)
        return () => values
      }
      case 'builtin':
        return this.#perLane(expr, () => (lane) => this.#group.builtin(expr.value, lane))
      case 'unary':
        return this.#map(expr, unaryRule(expr.op, dtype), [expr.arg])
      case 'binary': {
        const [left, right] = expr.args
        const evaluate = expr.op === '&&' && reads(right) ? this.#where(left, 1, right) : this.of(right)
        const rule = binaryRule(expr.op, left.type.dtype, dtype)
        return this.#map(expr, rule, expr.args, [this.of(left), evaluate])
      }
      case 'call':
        return this.#call(expr)
      case 'helper':
        return this.#map(expr, helperRule(expr.helper, dtypeOf(expr.args)), expr.args)
      case 'inline':
        return this.#inline(expr)
      case 'vector':
        return expr.parts.length === 1
          ? this.#map(expr, (a) => a, expr.parts)
          : this.#joined(expr, expr.parts)
      case 'component': {
        const [arg, { width }] = [this.of(expr.arg), expr.arg.type]
        return this.#perLane(expr, () => {
          const from = arg()
          return (lane) => from[lane * width + expr.index] ?? 0
        })
      }
      case 'convert':
        return this.#map(expr, convertRule(expr.arg.type.dtype, dtype), [expr.arg])
      case 'bitcast':
        if (expr.type.width !== expr.arg.type.width) return this.#regrouped(expr)
        return this.#map(expr, bitcastRule(expr.arg.type.dtype, dtype), [expr.arg])
      case 'read':
        return this.#read(expr)
    }
  }

  #room({ type }: Expr): Values {
    return new Float64Array(this.#group.program.threads * type.width)
  }

  #constant(expr: Expr, value: number): Evaluate {
    const values = this.#room(expr).fill(value)
    return () => values
  }

  /** A scalar for each lane; `begin` is called first, each time. */
  #perLane(expr: Expr, begin: () => (lane: number) => number): Evaluate {
    const values = this.#room(expr)
    return () => {
      const scalarOf = begin()
      const { list, count } = this.#group.active
      for (let i = 0; i < count; i++) {
        const lane = list[i] ?? 0
        values[lane] = scalarOf(lane)
      }
      return values
    }
  }

  /** Element by element; scalars go with every element of vectors. */
  #map(
    expr: Expr,
    rule: ScalarRule,
    args: readonly Expr[],
    operands: readonly Evaluate[] = args.map((arg) => this.of(arg)),
  ): Evaluate {
    const { width } = expr.type
    const [a = none, b = a, c = a] = operands
    const [widthA = 1, widthB = widthA, widthC = widthA] = args.map((arg) => arg.type.width)
    const values = this.#room(expr)
    return () => {
      const x = a()
      const y = b === a ? x : b()
      const z = c === a ? x : c()
      const { list, count } = this.#group.active
      for (let i = 0; i < count; i++) {
        const lane = list[i] ?? 0
        if (width === 1) values[lane] = rule(x[lane] ?? 0, y[lane] ?? 0, z[lane] ?? 0)
        else
          for (let j = 0; j < width; j++) {
            const p = x[widthA === 1 ? lane : lane * widthA + j] ?? 0
            const q = y[widthB === 1 ? lane : lane * widthB + j] ?? 0
            values[lane * width + j] = rule(p, q, z[widthC === 1 ? lane : lane * widthC + j] ?? 0)
          }
      }
      return values
    }
  }

  #inline(expr: InlineExpr): Evaluate {
    const operands = expr.args.map((arg) => this.of(arg))
    const rule = referenceOf(expr.code)
    return this.#perLane(expr, () => {
      const values = operands.map((evaluate) => evaluate())
      return (lane) => roundTo(expr.type.dtype, Number(rule(...values.map((one) => one[lane] ?? 0))))
    })
  }

  /** Parts one after the other. */
  #joined(expr: Expr, parts: readonly Expr[]): Evaluate {
    const values = this.#room(expr)
    const { width } = expr.type
    const sources = parts.map((part) => ({ evaluate: this.of(part), own: part.type.width }))
    return () => {
      let offset = 0
      for (const { evaluate, own } of sources) {
        const from = evaluate()
        const { list, count } = this.#group.active
        for (let i = 0; i < count; i++) {
          const lane = list[i] ?? 0
          for (let j = 0; j < own; j++) values[lane * width + offset + j] = from[lane * own + j] ?? 0
        }
        offset += own
      }
      return values
    }
  }

  #call(expr: CallExpr): Evaluate {
    const { fn, args } = expr
    if (isSubgroupFunction(fn)) return this.#subgroup(expr)
    const rule = functionRule(fn, expr.type.dtype)
    const [no, yes, condition] = args
    if (fn !== 'select' || !no || !yes || !condition) return this.#map(expr, rule, args)
    const operands = [
      reads(no) ? this.#where(condition, 0, no) : this.of(no),
      reads(yes) ? this.#where(condition, 1, yes) : this.of(yes),
      this.of(condition),
    ]
    return this.#map(expr, rule, args, operands)
  }

  /** `arg` where an element of the condition is `wanted`; the other lanes read nothing meanwhile. */
  #where(condition: Expr, wanted: number, arg: Expr): Evaluate {
    const [test, evaluate, { width }] = [this.of(condition), this.of(arg), condition.type]
    return () => {
      const { active, idle } = this.#group
      const holds = test()
      const sent: number[] = []
      for (let i = 0; i < active.count; i++) {
        const lane = active.list[i] ?? 0
        let isWanted = false
        for (let j = 0; j < width; j++) isWanted ||= holds[lane * width + j] === wanted
        if (isWanted || idle[lane] === 1) continue
        idle[lane] = 1
        sent.push(lane)
      }
      const values = evaluate()
      for (const lane of sent) idle[lane] = 0
      return values
    }
  }

  /** The same bits as elements of another size. */
  #regrouped({ arg, type }: BitcastExpr): Evaluate {
    const at = this.of(arg)
    const values = new Float64Array(this.#group.program.threads * type.width)
    return () => {
      values.set(asElements(at(), arg.type.dtype, type.dtype))
      return values
    }
  }

  /** Where in memory; of arrays in an array, as if they lay one after the other. */
  indices({ array, outer, index }: Place): Evaluate {
    if (!outer) return index ? this.of(index) : none
    const [which, within, inner] = [this.of(outer), index && this.of(index), this.#group.innerLength(array)]
    return this.#perLane(outer, () => {
      const [of, at] = [which(), within?.()]
      // What is outside of its own array is outside.
      return (lane) => ((at?.[lane] ?? 0) < inner ? (of[lane] ?? 0) * inner + (at?.[lane] ?? 0) : -1)
    })
  }

  #read(expr: ReadExpr): Evaluate {
    const { array, type } = expr
    const { width } = type
    const [memory, at] = [this.#group.arrayOf(array), this.indices(expr)]
    const values = new Float64Array(this.#group.program.threads * width)
    return () => {
      const indices = at()
      const { active, idle } = this.#group
      for (let i = 0; i < active.count; i++) {
        const lane = active.list[i] ?? 0
        const first = (indices[lane] ?? 0) * width
        if (idle[lane] === 1 || !memory.has(first + width - 1, lane)) continue
        for (let j = 0; j < width; j++) values[lane * width + j] = memory.read(first + j, lane)
      }
      return values
    }
  }

  /** Of all lanes: what one of them throws away, another may need. */
  #subgroup(expr: CallExpr): Evaluate {
    const [arg, mask] = expr.args.map((part) => this.of(part))
    const values = this.#room(expr)
    return () => {
      const { idle } = this.#group
      const before = idle.slice()
      idle.fill(0)
      combineSubgroups(this.#group, expr, { arg: (arg ?? none)(), mask: mask?.() }, values)
      idle.set(before)
      return values
    }
  }
}

function none(): never {
  throw new Error('an expression lacks an operand')
}

function dtypeOf([arg]: readonly Expr[]): DType {
  return arg?.type.dtype ?? 'f32'
}

/** True for expressions that read memory. */
function reads(expr: Expr): boolean {
  let found = false
  walkExpr(expr, (part) => {
    found ||= part.kind === 'read'
  })
  return found
}
