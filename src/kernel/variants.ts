/**
 * The bindings of one specialisation for the values of its tunables: the kernel is traced for each
 * combination that some config asks for. All look alike to callers, so that a config can be chosen after the
 * call is made.
 */
import type { Config } from '../config/config.ts'
import type { Fragment } from '../config/fragments.ts'
import { type ConfigData, printValue, sameValue } from '../config/value.ts'
import { addressable, type KernelIr, seenTensors } from '../ir/kernel_ir.ts'
import { isWrite } from '../ir/node_rules.ts'
import { printSize } from '../ir/size.ts'
import { walk } from '../ir/traverse.ts'
import { StaticAssertError } from '../language/index.ts'
import { AuthorError, ConfigError } from '../support/errors.ts'
import { stableStringify } from '../support/stable.ts'
import type { CallArguments } from './call_arguments.ts'
import type { KernelDefinition } from './definition.ts'
import { brokenGuard, sizeEvaluator } from './launch_plan.ts'

interface Binding {
  readonly definition: KernelDefinition
  readonly ir: KernelIr
  serves(call: CallArguments): boolean
}

export interface VariantParts<B extends Binding> {
  readonly bound: B
  readonly ranges: Readonly<Record<string, Fragment>>
  /** Given for a binding that is the variant of another. */
  readonly values: ConfigData | undefined
  readonly trace: (values: ConfigData, call: CallArguments) => B
}

export class Variants<B extends Binding> {
  readonly #bound: B
  readonly ranges: Readonly<Record<string, Fragment>>
  /** The values that this binding is for itself. */
  readonly #own: ConfigData
  readonly #isVariant: boolean
  readonly #trace: VariantParts<B>['trace']
  readonly #known = new Map<string, readonly B[]>()

  constructor({ bound, ranges, values, trace }: VariantParts<B>) {
    this.#bound = bound
    this.ranges = ranges
    this.#isVariant = values !== undefined
    this.#trace = trace
    this.#own =
      values ?? Object.fromEntries(Object.entries(ranges).map(([name, range]) => [name, range.default]))
  }

  /** True when configs have something to say about the trace. */
  get areOpen(): boolean {
    return Object.keys(this.ranges).length > 0
  }

  /** The binding for a config and a call. Throws ConfigError where the kernel does not allow the values. */
  of({ data }: Config, call: CallArguments): B {
    if (this.#isVariant || !this.areOpen) return this.#bound
    const entries = Object.entries(this.#own).map(([name, own]) => [name, data[name] ?? own] as const)
    const values = Object.fromEntries(entries)
    if (entries.every(([name, value]) => sameValue(value, this.#own[name] ?? null))) return this.#bound
    const key = stableStringify(values)
    const known = this.#known.get(key) ?? []
    const variant = known.find((one) => one.serves(call)) ?? this.#traced(values, call)
    if (!known.includes(variant)) this.#known.set(key, [...known, variant])
    for (const guard of variant.ir.guards) {
      const broken = brokenGuard(guard, sizeEvaluator(call))
      if (broken !== undefined) throw new ConfigError(`with ${print(values)}: ${broken}`)
    }
    return variant
  }

  #traced(values: ConfigData, call: CallArguments): B {
    const { definition, ir } = this.#bound
    const { name, location } = definition
    try {
      const variant = this.#trace(values, call)
      if (seen(variant.ir) === seen(ir)) return variant
    } catch (error) {
      if (!(error instanceof StaticAssertError)) throw error
      throw new ConfigError(`with ${print(values)}: ${error.what}`, { location: error.location })
    }
    throw new AuthorError(
      `what ${name} returns or writes depends on its tunables: with ${print(values)} it differs`,
      {
        location,
        remedy:
          'Callers get tensors before the config is chosen: only what a kernel keeps to itself may depend ' +
          'on it.',
      },
    )
  }
}

/** All that callers see of a kernel: its tensors, which of them it writes, and what it returns. */
function seen(ir: KernelIr): string {
  const memory = addressable(ir)
  const written = new Set<number>()
  for (const { body } of ir.grids)
    walk(body, (node) => {
      if (isWrite(node)) written.add(memory[node.tensor]?.tensor ?? node.tensor)
    })
  const tensors = seenTensors(ir).map(({ id, role, dtype, shape, fill }) => {
    return [role, dtype, shape.map(printSize), fill ?? null, written.has(id)]
  })
  return stableStringify([tensors, ir.returns])
}

function print(values: ConfigData): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}: ${printValue(value)}`)
    .join(', ')
}
