/** What the compiler says of a config on the shape of a call, in the words of records. */
import type { KernelFacts } from '../../codegen/facts.ts'
import { Config } from '../../config/config.ts'
import { type ConfigData, isOpen } from '../../config/value.ts'
import { argumentFeature } from '../../heuristics/feature_names.ts'
import { printSize, type Size, withSymbols } from '../../ir/size.ts'
import type { ChoiceRequest } from '../../kernel/config_source.ts'
import { DeviceTensor } from '../../runtime/tensor/tensor.ts'
import { ConfigError, DataError } from '../../support/errors.ts'
import { LineError } from '../line_checks.ts'
import type { ShapeOfCall } from '../shape.ts'
import { readFacts, type ToldFacts } from './told_facts.ts'

/** Undefined where the config cannot be built, or where the kernel's `key` says nothing of sizes. */
export function factsOfCall(
  { definition, bound, call, device }: ChoiceRequest,
  { features }: ShapeOfCall,
  data: ConfigData,
): ToldFacts | undefined {
  if (definition.options.own.key || isOpen(data)) return undefined
  try {
    return toldFacts(bound.facts(new Config(data), device, call), positionsOf(call.values), features)
  } catch (error) {
    if (error instanceof ConfigError || error instanceof DataError) return undefined
    throw error
  }
}

/** The position among the arguments of each tensor; -1 for one inside of a list or a record. */
function positionsOf(values: readonly unknown[]): readonly number[] {
  const positions: number[] = []
  const visit = (value: unknown, position: number): void => {
    if (value instanceof DeviceTensor) positions.push(position)
    else if (typeof value === 'object' && value !== null)
      for (const part of Object.values(value)) visit(part, -1)
  }
  values.forEach(visit)
  return positions
}

/**
 * As records hold them, by the names of features; `positions` are those of the kernel's tensors among the
 * arguments. Facts that name sizes which are no features are left out, and those beyond all numbers, as of
 * loops in loops whose ends are read from memory: a fact that cannot be read must not cost the measurement
 * that it is about.
 */
export function toldFacts(
  facts: KernelFacts,
  positions: readonly number[],
  features: ShapeOfCall['features'],
): ToldFacts {
  const known = (size: Size): string | number | undefined => {
    let isKnown = true
    const named = withSymbols(size, (symbol) => {
      const name = argumentFeature(positions[symbol.tensor] ?? -1, 'dim', symbol.axis)
      isKnown &&= Object.hasOwn(features, name)
      return { ...symbol, key: name }
    })
    if (!isKnown) return undefined
    return typeof named === 'number' ? named : printSize(named)
  }
  const { workgroups, rounds, outputs, computed, needed, bytes, operations } = facts
  const counts = { workgroups, rounds, outputs, computed, needed, bytes, operations }
  const limits = facts.limits.flatMap(({ needs, most }) => {
    const text = known(needs)
    return typeof text === 'string' && isReadable({ limits: { [text]: most } }) ? [[text, most] as const] : []
  })
  return {
    ...Object.fromEntries(
      Object.entries(counts).flatMap(([name, size]) => {
        const text = known(size)
        return text !== undefined && isReadable({ [name]: text }) ? [[name, text] as const] : []
      }),
    ),
    dispatches: facts.dispatches,
    threads: facts.threads,
    registers: facts.registers,
    workgroup_bytes: facts.workgroupBytes,
    ...(limits.length > 0 ? { limits: Object.fromEntries(limits) } : {}),
  }
}

function isReadable(told: ToldFacts): boolean {
  try {
    readFacts(told)
    return true
  } catch (error) {
    if (error instanceof LineError) return false
    throw error
  }
}
