/** Statements of a thread program as functions that run them for all active lanes, one after the other. */
import type { AtomicOp } from '../../ir/node.ts'
import type { DType } from '../../support/dtypes.ts'
import { unreachable } from '../../support/errors.ts'
import type { LocalExpr } from '../thread/expr.ts'
import type { Atomic, Barrier, For, If, Insert, Statement, Store, UniformLoad } from '../thread/statements.ts'
import { type Evaluate, Evaluator } from './evaluate.ts'
import { Fragments } from './fragments.ts'
import { lanesWhere } from './lanes.ts'
import { binaryRule, functionRule, type ScalarRule } from './scalar_rules.ts'
import type { Workgroup } from './workgroup.ts'

export type Run = () => void

/** More rounds than this of one loop are a loop that does not end. */
const MOST_ROUNDS = 1_000_000

export class Runner {
  readonly #group: Workgroup
  readonly #evaluator: Evaluator
  readonly #fragments: Fragments

  constructor(group: Workgroup) {
    this.#group = group
    this.#evaluator = new Evaluator(group)
    this.#fragments = new Fragments(group, this.#evaluator)
  }

  /** The statements as one function. */
  of(statements: readonly Statement[]): Run {
    const runs = statements.flatMap((statement) => {
      const number = this.#group.reports.number(statement)
      const run = this.#make(statement, number)
      return run ? [{ run, number }] : []
    })
    return () => {
      for (const { run, number } of runs) {
        if (this.#group.active.count === 0) return
        this.#group.at(number)
        run()
      }
    }
  }

  #make(statement: Statement, number: number): Run | undefined {
    switch (statement.kind) {
      case 'let':
      case 'var':
      case 'assign':
        return this.#assign(statement.local, this.#evaluator.of(statement.value))
      case 'store':
        return this.#store(statement)
      case 'atomic':
        return this.#atomic(statement)
      case 'insert':
        return this.#insert(statement)
      case 'uniform_load':
        return this.#uniformLoad(statement)
      case 'if':
        return this.#if(statement)
      case 'for':
        return this.#for(statement, number)
      case 'block':
        return this.of(statement.body)
      case 'return':
        return () => {
          this.#forActive((lane) => {
            this.#group.returned[lane] = 1
          })
          this.#group.active = { list: this.#group.active.list, count: 0 }
        }
      case 'barrier':
        return this.#barrier(statement)
      case 'fragment_zero':
      case 'fragment_load':
      case 'fragment_multiply':
      case 'fragment_store':
        return this.#fragments.run(statement)
      case 'comment':
      case 'expect':
        return undefined
      default:
        return unreachable(statement)
    }
  }

  #forActive(visit: (lane: number) => void): void {
    const { list, count } = this.#group.active
    for (let i = 0; i < count; i++) visit(list[i] ?? 0)
  }

  #assign(local: LocalExpr, evaluate: Evaluate): Run {
    const [target, { width }] = [this.#evaluator.local(local), local.type]
    return () => {
      const values = evaluate()
      const { list, count } = this.#group.active
      for (let i = 0; i < count; i++) {
        const first = (list[i] ?? 0) * width
        for (let j = first; j < first + width; j++) target[j] = values[j] ?? 0
      }
    }
  }

  #store(store: Store): Run {
    const { array, value } = store
    const [at, evaluate] = [this.#evaluator.indices(store), this.#evaluator.of(value)]
    const [memory, { width }] = [this.#group.arrayOf(array), array.element]
    return () => {
      const [indices, values] = [at(), evaluate()]
      this.#forActive((lane) => {
        const first = (indices[lane] ?? 0) * width
        if (!memory.has(first + width - 1, lane)) return
        for (let j = 0; j < width; j++) memory.write(first + j, lane, values[lane * width + j] ?? 0)
      })
    }
  }

  #atomic({ op, array, index, value, expected, before }: Atomic): Run {
    const [at, evaluate] = [this.#evaluator.of(index), this.#evaluator.of(value)]
    const expect = expected && this.#evaluator.of(expected)
    const found = before && this.#evaluator.local(before)
    const [memory, rule] = [this.#group.arrayOf(array), atomicRule(op, array.element.dtype)]
    return () => {
      const [indices, values, wanted] = [at(), evaluate(), expect?.()]
      this.#forActive((lane) => {
        const element = indices[lane] ?? 0
        if (!memory.has(element, lane)) return
        memory.change(op, element, lane, (old) => {
          if (found) found[lane] = old
          return rule(old, values[lane] ?? 0, wanted?.[lane] ?? 0)
        })
      })
    }
  }

  #insert({ array, index, mask, value }: Insert): Run {
    const [at, which, evaluate] = [index, mask, value].map((expr) => this.#evaluator.of(expr))
    const memory = this.#group.arrayOf(array)
    return () => {
      const [indices, masks, values] = [at?.(), which?.(), evaluate?.()]
      this.#forActive((lane) => {
        const element = indices?.[lane] ?? 0
        if (!memory.has(element, lane)) return
        const change = (old: number): number => ((old & ~(masks?.[lane] ?? 0)) | (values?.[lane] ?? 0)) >>> 0
        memory.change('insert', element, lane, change)
      })
    }
  }

  /** All must come, and to the same element. */
  #uniformLoad({ local, array, index }: UniformLoad): Run {
    const [at, target] = [this.#evaluator.of(index), this.#evaluator.local(local)]
    const [memory, { width }] = [this.#group.arrayOf(array), array.element]
    return () => {
      const indices = at()
      const first = indices[this.#group.active.list[0] ?? 0] ?? 0
      if (!this.#group.isWhole || !indices.every((element) => element === first)) this.#divergent(array.name)
      this.#group.barrier('workgroup')
      this.#forActive((lane) => {
        const element = (indices[lane] ?? 0) * width
        if (!memory.has(element + width - 1, lane)) return
        for (let j = 0; j < width; j++) target[lane * width + j] = memory.read(element + j, lane)
      })
      this.#group.barrier('workgroup')
    }
  }

  #barrier({ space }: Barrier): Run {
    return () => {
      if (!this.#group.isWhole) this.#divergent(`${space} barrier`)
      this.#group.barrier(space)
    }
  }

  #divergent(place: string): void {
    const { list, count } = this.#group.active
    const invocations = [...list.subarray(0, count)]
    this.#group.reports.add({ kind: 'divergent', place, index: undefined, invocations })
  }

  #if({ condition, body }: If): Run {
    const [test, run] = [this.#evaluator.of(condition), this.of(body)]
    return () => {
      const holds = test()
      const before = this.#group.active
      this.#group.active = lanesWhere(before, (lane) => holds[lane] === 1)
      run()
      this.#group.active = lanesWhere(before, (lane) => this.#group.returned[lane] === 0)
    }
  }

  #for({ flow, counter, init, condition, step, body }: For, number: number): Run {
    const begin = init && this.#assign(counter, this.#evaluator.of(init))
    const [test, run] = [this.#evaluator.of(condition), this.of(body)]
    const [by, at] = [this.#evaluator.of(step), this.#evaluator.local(counter)]
    const plus = binaryRule('+', counter.type.dtype, counter.type.dtype)
    return () => {
      const before = this.#group.active
      begin?.()
      for (let round = 0; ; round++) {
        if (round > MOST_ROUNDS) throw new Error(`the loop over ${counter.name} does not end`)
        this.#group.at(number)
        const holds = test()
        this.#group.active = lanesWhere(this.#group.active, (lane) => holds[lane] === 1)
        if (this.#group.active.count === 0) break
        if (flow === 'programs') this.#group.nextProgram()
        run()
        const steps = by()
        this.#forActive((lane) => {
          at[lane] = plus(at[lane] ?? 0, steps[lane] ?? 0, 0)
        })
      }
      this.#group.active = lanesWhere(before, (lane) => this.#group.returned[lane] === 0)
    }
  }
}

function atomicRule(op: AtomicOp, dtype: DType): ScalarRule {
  switch (op) {
    case 'add':
      return binaryRule('+', dtype, dtype)
    case 'and':
      return binaryRule('&', dtype, dtype)
    case 'or':
      return binaryRule('|', dtype, dtype)
    case 'xor':
      return binaryRule('^', dtype, dtype)
    case 'max':
    case 'min':
      return functionRule(op, dtype)
    case 'exchange':
      return (_before, value) => value
    case 'await':
      return (before) => before
    case 'compareExchange':
      return (before, value, expected) => (Object.is(before, expected) ? value : before)
    default:
      return unreachable(op)
  }
}
