/** Statements of the thread program as lines of WGSL. */
import { oneLine } from '../../support/one_line.ts'
import type { AddressSpace } from '../thread/memory.ts'
import type { For, Statement, Store } from '../thread/statements.ts'
import { printAtomic } from './print_atomics.ts'
import { printExpr, printPlace } from './print_expr.ts'
import { printFragment } from './print_fragments.ts'
import { asAtomic } from './type_names.ts'

const BARRIERS: Readonly<Record<AddressSpace, string>> = {
  workgroup: 'workgroupBarrier();',
  storage: 'storageBarrier();',
}

/** Indented lines. */
export function printStatements(statements: readonly Statement[], depth: number): readonly string[] {
  const indent = '  '.repeat(depth)
  return statements.flatMap((statement) => {
    if (!('body' in statement)) return lineOf(statement).map((line) => indent + line)
    const head = headOf(statement)
    return [
      `${indent}${head}${head === '' ? '' : ' '}{`,
      ...printStatements(statement.body, depth + 1),
      `${indent}}`,
    ]
  })
}

function lineOf(statement: Exclude<Statement, { readonly body: unknown }>): readonly string[] {
  switch (statement.kind) {
    case 'let':
    case 'var':
      return [`${statement.kind} ${statement.local.name} = ${printExpr(statement.value)};`]
    case 'assign':
      return [`${statement.local.name} = ${printExpr(statement.value)};`]
    case 'store':
      return [printStore(statement)]
    case 'atomic': {
      const call = printAtomic(statement)
      return [statement.before ? `${statement.before.name} = ${call};` : `${call};`]
    }
    case 'insert': {
      const { array, index, mask, value } = statement
      const place = `&${array.name}[${printExpr(index)}]`
      return [`atomicAnd(${place}, ~(${printExpr(mask)}));`, `atomicOr(${place}, ${printExpr(value)});`]
    }
    case 'uniform_load': {
      const place = `${statement.array.name}[${printExpr(statement.index)}]`
      return [`let ${statement.local.name} = workgroupUniformLoad(&${place});`]
    }
    case 'return':
      return ['return;']
    case 'barrier':
      return [BARRIERS[statement.space]]
    case 'fragment_zero':
    case 'fragment_load':
    case 'fragment_multiply':
    case 'fragment_store':
      return [printFragment(statement)]
    case 'comment':
      return [`// ${oneLine(statement.text)}`]
    case 'expect':
      return []
  }
}

function printStore(store: Store): string {
  const { array, value } = store
  const place = printPlace(store)
  return array.atomic
    ? `atomicStore(&${place}, ${asAtomic(array.element, printExpr(value))});`
    : `${place} = ${printExpr(value)};`
}

function headOf(statement: Extract<Statement, { readonly body: unknown }>): string {
  switch (statement.kind) {
    case 'if':
      return `if (${printExpr(statement.condition)})`
    case 'for':
      return printFor(statement)
    case 'block':
      return ''
  }
}

function printFor({ counter, init, condition, step }: For): string {
  const { name } = counter
  const first = init ? `var ${name} = ${printExpr(init)}` : ''
  const isOne = step.kind === 'literal' && step.value === 1
  const next = isOne ? `${name}++` : `${name} += ${printExpr(step)}`
  return `for (${first}; ${printExpr(condition)}; ${next})`
}
