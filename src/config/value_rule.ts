/**
 * What one entry of a config field may be, whatever the kernel: a test and the words for it. The ranges that
 * a certain kernel and device leave are the business of fragments.
 */
import { isPowerOf2 } from '../support/maths.ts'
import { type ConfigValue, isList, printValue } from './value.ts'

export interface ValueRule {
  /** Completes the sentence "allowed: …". */
  readonly allowed: string
  readonly accepts: (value: ConfigValue) => boolean
}

export function powerOf2Rule(low: number, high: number): ValueRule {
  return {
    allowed: `a power of two from ${low} to ${high}`,
    accepts: (value) => typeof value === 'number' && isPowerOf2(value) && value >= low && value <= high,
  }
}

export function integerRule(low: number, high: number): ValueRule {
  return {
    allowed: `an integer from ${low} to ${high}`,
    accepts: (value) => Number.isInteger(value) && Number(value) >= low && Number(value) <= high,
  }
}

export function oneOfRule(...choices: readonly ConfigValue[]): ValueRule {
  return { allowed: choices.map(printValue).join(', '), accepts: (value) => choices.includes(value) }
}

/** `rule`, or exactly `other`. */
export function orRule(other: ConfigValue, rule: ValueRule): ValueRule {
  return {
    allowed: `${printValue(other)} or ${rule.allowed}`,
    accepts: (value) => value === other || rule.accepts(value),
  }
}

export const BOOLEAN_RULE: ValueRule = oneOfRule(false, true)

export const TEXT_RULE: ValueRule = { allowed: 'a string', accepts: (value) => typeof value === 'string' }

export const PERMUTATION_RULE: ValueRule = {
  allowed: 'a permutation of 0, 1, …',
  accepts: (value) => isList(value) && isPermutation(value),
}

/** True when `entries` are 0..n-1 in any order. */
export function isPermutation(entries: readonly ConfigValue[]): boolean {
  return entries.length > 0 && entries.every((_, position) => entries.includes(position))
}
