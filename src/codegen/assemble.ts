/** Puts a dispatch together: directives, declarations, helper functions, the entry point. */

import type { GridText } from './lower_grid.ts'
import type { Lowering } from './lowering.ts'
import type { WgslDispatch } from './program.ts'
import { printStatements, type Statement } from './statements.ts'

interface Parts extends GridText {
  readonly label: string
  readonly registers: number
  readonly body: readonly Statement[]
}

export function assemble(
  lowering: Lowering,
  { label, registers, body, launch: grid, builtins }: Parts,
): WgslDispatch {
  const { bound, launch, bindings, memory, helpers } = lowering
  const { limits } = bound
  const bindingText = bindings.declarations(limits)
  const launchText = launch.declarations(limits, bindings.list.length)
  const memoryText = memory.declarations(limits.maxWorkgroupBytes)
  const text = printStatements(body, 1).join('\n')
  const storage = launch.storage(limits)
  const directives = [
    ...(lowering.usesF16 ? ['enable f16;'] : []),
    ...(lowering.usesSubgroups ? ['enable subgroups;'] : []),
    ...(launchText.length > 0 && storage === 'immediate' ? ['requires immediate_address_space;'] : []),
  ]
  const thread = threadNumber(lowering)
  const entry = [
    `@compute @workgroup_size(${bound.threads})`,
    `fn main(${[...builtins, ...thread.builtins].join(', ')}) {`,
    ...thread.lines,
    text,
    '}',
  ]
  const sections = [directives, [...bindingText, ...launchText, ...memoryText], helpers.declarations, entry]
  return {
    label,
    wgsl: `${sections
      .filter((lines) => lines.length > 0)
      .map((lines) => lines.join('\n'))
      .join('\n\n')}\n`,
    workgroupSize: bound.threads,
    bindings: bindings.list,
    words: launch.words,
    wordsIn: storage,
    grid,
    workgroupBytes: memory.bytes,
    registers,
  }
}

/**
 * The invocation's number. Where subgroup operations are used it is made from the subgroup's number and the
 * lane, because WGSL does not promise that the local index runs along the lanes.
 */
function threadNumber({ usesSubgroups, bound }: Lowering): {
  builtins: readonly string[]
  lines: readonly string[]
} {
  if (!usesSubgroups) return { builtins: ['@builtin(local_invocation_index) thread: u32'], lines: [] }
  return {
    builtins: ['@builtin(subgroup_id) subgroup: u32', '@builtin(subgroup_invocation_id) lane: u32'],
    lines: [`  let thread = subgroup * ${bound.limits.subgroupSize}u + lane;`],
  }
}
