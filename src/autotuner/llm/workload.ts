/**
 * What a language model is told of a task: the kernel's text and arguments and the device, where there is a
 * kernel, and always the space of configs with its defaults. All of it leaves this machine, and only when a
 * search that asks a model was chosen.
 */
import { isTuple } from '../../config/composite_fragments.ts'
import type { Config } from '../../config/config.ts'
import { ACTING_ROWS, FIELDS, isActing, isFieldName } from '../../config/fields.ts'
import type { SearchSpace } from '../../config/search_space.ts'
import type { Slot } from '../../config/slots.ts'
import { printValue } from '../../config/value.ts'

/** What is tuned, as far as it may be told. */
export interface Workload {
  readonly kernel: string
  /** The text of the kernel function. */
  readonly source: string
  /** The program that was traced from it. */
  readonly program: string
  /** The arguments in words. */
  readonly args: string
  readonly device: string
  /** What decides which configs are good, a sentence each. */
  readonly facts: readonly string[]
}

/** What of a space is told. */
export type ToldSpace = Pick<SearchSpace, 'slots' | 'cardinality' | 'defaultConfig'>

/** Characters of a text that is sent; longer ones are cut. */
const MOST_TEXT = 24_000
const MOST_KNOWN = 5

/**
 * Everything about the task, as text. `workload` is undefined where nothing but a space is tuned; `known` are
 * configs that its author or the compiler names.
 */
export function describeTask(
  workload: Workload | undefined,
  space: ToldSpace,
  known: readonly Config[] = [],
): string {
  const parts = [...(workload ? describeWorkload(workload) : []), describeSpace(space)]
  const lines = known.slice(0, MOST_KNOWN).map((config) => `- ${JSON.stringify(config.minimize(space).data)}`)
  if (lines.length > 0) parts.push(`Known to be worth a trial, and measured already:\n${lines.join('\n')}`)
  return parts.join('\n\n')
}

function describeWorkload({ kernel, source, program, args, device, facts }: Workload): readonly string[] {
  return [
    `Kernel ${kernel}, a program over tiles in TypeScript, compiled to WGSL:\n${block('kernel', source)}`,
    `The program that was traced from it:\n${block('program', program)}`,
    `Arguments: ${args}`,
    `Device: ${device}`,
    `Facts:\n${facts.map((fact) => `- ${fact}`).join('\n')}`,
  ]
}

function describeSpace(spec: ToldSpace): string {
  const open = spec.slots.filter(({ fragment }) => fragment.cardinality > 1)
  const lines = open.map(describeSlot)
  const count = spec.cardinality.toPrecision(2)
  const intro = `The space of configs has about ${count} entries. A config is an object with these fields:`
  return [intro, ...lines].join('\n')
}

function describeSlot({ field, fragment }: Slot): string {
  const meaning = isActing(field) ? ACTING_ROWS.get(field)?.doc : undefined
  const per = isFieldName(field) && isTuple(fragment) ? `, one for each ${FIELDS[field].per}` : ''
  const range = `${fragment.allowed}${per}; default ${printValue(fragment.default)}`
  return `- ${field}: ${range}${meaning ? `. ${meaning}` : ''}`
}

function block(tag: string, text: string): string {
  const cut = text.length > MOST_TEXT ? `${text.slice(0, MOST_TEXT)}\n… (cut)` : text
  return `<${tag}>\n${cut}\n</${tag}>`
}
