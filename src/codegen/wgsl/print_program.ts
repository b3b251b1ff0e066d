/** A thread program as a WGSL module: directives, declarations, helper functions, the entry point. */
import { type LaunchField, type Needs, needsOf, type ThreadProgram, walkProgram } from '../thread/program.ts'
import { walkStatements } from '../thread/statements.ts'
import { Helpers } from './helpers.ts'
import { AtomicFunctions } from './print_atomics.ts'
import { printStatements } from './print_statements.ts'
import { atomicTypeName, typeName } from './type_names.ts'

/** `wordsIn`: where the launch block lies; in a uniform buffer it takes the binding after the others. */
export function printProgram(program: ThreadProgram, wordsIn: 'immediate' | 'uniform'): string {
  const needs = needsOf(program)
  const helpers = new Helpers()
  walkProgram(program, (expr) => helpers.add(expr))
  const atomics = new AtomicFunctions()
  walkStatements(program.body, (statement) => {
    if (statement.kind === 'atomic') atomics.add(statement)
  })
  const directives = [
    ...[...needs.types].map((type) => `enable ${type};`),
    ...(needs.subgroups ? ['enable subgroups;'] : []),
    ...(needs.subgroupMatrices ? ['enable chromium_experimental_subgroup_matrix;'] : []),
    ...(program.fields.length > 0 && wordsIn === 'immediate' ? ['requires immediate_address_space;'] : []),
  ]
  const declarations = [
    ...program.buffers.map(({ array: { name, element, atomic }, access }, i) => {
      const type = atomic ? atomicTypeName(element) : typeName(element)
      return `@group(0) @binding(${i}) var<storage, ${access}> ${name}: array<${type}>;`
    }),
    ...launchBlock(program.fields, wordsIn, program.buffers.length),
    ...program.arrays.map(({ array: { name, element, atomic }, length, parts }) => {
      const item = atomic ? atomicTypeName(element) : typeName(element)
      const type = `array<${item}, ${length / (parts ?? 1)}>`
      return `var<workgroup> ${name}: ${parts ? `array<${type}, ${parts}>` : type};`
    }),
  ]
  const functions = [...helpers.declarations, ...atomics.declarations]
  const sections = [directives, declarations, functions, entryPoint(program, needs)]
  const texts = sections.filter((lines) => lines.length > 0).map((lines) => lines.join('\n'))
  return `${texts.join('\n\n')}\n`
}

function launchBlock(
  fields: readonly LaunchField[],
  wordsIn: 'immediate' | 'uniform',
  binding: number,
): readonly string[] {
  if (fields.length === 0) return []
  const lines = fields.map(({ name, word }) => {
    return `  ${name}: ${word.kind === 'size' ? 'u32' : word.dtype},`
  })
  const place = wordsIn === 'immediate' ? 'var<immediate>' : `@group(0) @binding(${binding}) var<uniform>`
  return [['struct Launch {', ...lines, '}'].join('\n'), `${place} launch: Launch;`]
}

function entryPoint(program: ThreadProgram, needs: Needs): readonly string[] {
  const uses = (name: string): boolean => [...needs.builtins].some((value) => value.startsWith(`${name}.`))
  const thread = threadNumber(program, needs.subgroups)
  const builtins = [
    ...(uses('workgroup') ? ['@builtin(workgroup_id) workgroup: vec3u'] : []),
    ...(uses('workgroups') ? ['@builtin(num_workgroups) workgroups: vec3u'] : []),
    ...thread.builtins,
  ]
  return [
    `@compute @workgroup_size(${program.threads})`,
    `fn main(${builtins.join(', ')}) {`,
    ...thread.lines,
    ...printStatements(program.body, 1),
    '}',
  ]
}

/**
 * The invocation's number. Where subgroup operations are used it is made from the subgroup's number and the
 * lane, because WGSL does not promise that the local index runs along the lanes; the remainder tells Dawn its
 * range, so that indices made from it need no check.
 */
function threadNumber(
  { subgroupSize, threads }: ThreadProgram,
  usesSubgroups: boolean,
): { readonly builtins: readonly string[]; readonly lines: readonly string[] } {
  if (!usesSubgroups) return { builtins: ['@builtin(local_invocation_index) thread: u32'], lines: [] }
  return {
    builtins: ['@builtin(subgroup_id) subgroup: u32', '@builtin(subgroup_invocation_id) lane: u32'],
    lines: [`  let thread = (subgroup * ${subgroupSize}u + lane) % ${threads}u;`],
  }
}
