/** Atomic operations as WGSL; for what it lacks, a function that tries until nobody was faster. */
import { isFloat } from '../../support/dtypes.ts'
import type { Atomic } from '../thread/statements.ts'
import { printExpr } from './print_expr.ts'
import { asAtomic, ofAtomic, typeName } from './type_names.ts'

type Op = Atomic['op']

/** How often a program looks before it goes without what it waits for: no device promises to run others. */
const MOST_LOOKS = 256

const BUILTINS: Readonly<Record<Exclude<Op, 'compareExchange' | 'await'>, string>> = {
  add: 'atomicAdd',
  max: 'atomicMax',
  min: 'atomicMin',
  and: 'atomicAnd',
  or: 'atomicOr',
  xor: 'atomicXor',
  exchange: 'atomicExchange',
}

/** The new value of a float from the one before and the operand. */
const OF_FLOATS: Partial<Record<Op, string>> = {
  add: 'before + value',
  max: 'max(before, value)',
  min: 'min(before, value)',
}

/** A call of the operation, whose value is what was there before. */
export function printAtomic(atomic: Atomic): string {
  const { op, array, index, value, expected, before } = atomic
  if (op === 'await') return `${functionName(atomic)}(${printExpr(index)})`
  const operands = [...(expected ? [expected] : []), value].map(printExpr).join(', ')
  if (op === 'compareExchange' || needsFunction(atomic))
    return `${functionName(atomic)}(${printExpr(index)}, ${operands})`
  const place = `&${array.name}[${printExpr(index)}]`
  const call = `${BUILTINS[op]}(${place}, ${asAtomic(array.element, operands)})`
  return before ? ofAtomic(array.element, call) : call
}

/** Collects the functions that a program's atomic operations call. */
export class AtomicFunctions {
  readonly #functions = new Map<string, string>()

  /** To be called for every atomic operation. */
  add(atomic: Atomic): void {
    if (needsFunction(atomic)) this.#functions.set(functionName(atomic), functionText(atomic))
  }

  get declarations(): readonly string[] {
    return [...this.#functions.values()]
  }
}

function functionText(atomic: Atomic): string {
  return atomic.op === 'await' ? textOfAwait(atomic) : textOfUpdate(atomic)
}

function textOfAwait(atomic: Atomic): string {
  return [
    `fn ${functionName(atomic)}(index: u32) -> u32 {`,
    `  for (var looks = 0u; looks < ${MOST_LOOKS}u; looks++) {`,
    `    let found = atomicLoad(&${atomic.array.name}[index]);`,
    '    if (found != 0u) { return found; }',
    '  }',
    '  return 0u;',
    '}',
  ].join('\n')
}

/** Tries until nobody was faster. */
function textOfUpdate(atomic: Atomic): string {
  const { op, array } = atomic
  const { element, name } = array
  const T = typeName(element)
  const compares = op === 'compareExchange'
  const same = `${asAtomic(element, 'before')} != ${asAtomic(element, 'expected')}`
  const next = asAtomic(element, OF_FLOATS[op] ?? 'value')
  return [
    `fn ${functionName(atomic)}(index: u32, ${compares ? `expected: ${T}, ` : ''}value: ${T}) -> ${T} {`,
    `  var stored = atomicLoad(&${name}[index]);`,
    '  loop {',
    `    let before = ${ofAtomic(element, 'stored')};`,
    ...(compares ? [`    if (${same}) { return before; }`] : []),
    `    let result = atomicCompareExchangeWeak(&${name}[index], stored, ${next});`,
    '    if (result.exchanged) { return before; }',
    '    stored = result.old_value;',
    '  }',
    '}',
  ].join('\n')
}

function needsFunction({ op, array }: Atomic): boolean {
  return op === 'compareExchange' || op === 'await' || (isFloat(array.element.dtype) && op !== 'exchange')
}

function functionName({ op, array }: Atomic): string {
  if (op === 'await') return `await_${array.name}`
  return `${op === 'compareExchange' ? 'compare_exchange' : `atomic_${op}`}_${array.name}`
}
