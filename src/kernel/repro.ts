/**
 * A call as a program of its own: the kernel's source, its config, and arguments of the same shapes and
 * dtypes, made by public functions. What `printRepro` prints, for reports of problems and for experiments.
 */
import type { Config } from '../config/config.ts'
import { printValue } from '../config/value.ts'
import { describeAdapter } from '../runtime/adapter/adapter.ts'
import type { Device } from '../runtime/device.ts'
import { DeviceTensor } from '../runtime/tensor/tensor.ts'
import { freeNames } from '../support/free_names.ts'
import { oneLine } from '../support/one_line.ts'
import { STORAGE } from '../support/storage_types.ts'
import { type CallArguments, describeCall } from './call_arguments.ts'
import type { KernelDefinition } from './definition.ts'
import { staticDims } from './mark_static.ts'

/** Public names that a script may need. */
const NAMES = [
  'Config',
  'arange',
  'empty',
  'full',
  'hl',
  'kernel',
  'markStatic',
  'nextPowerOf2',
  'ones',
  'rand',
  'randn',
  'sync',
  'tensor',
  'zeros',
] as const

/** The text of an ES module that makes this call with this config. */
export function reproScript(
  definition: KernelDefinition,
  call: CallArguments,
  config: Config,
  { info }: Pick<Device, 'info'>,
): string {
  const { name, location } = definition
  const { staticShapes, persistentReservedSms } = definition.options.settings
  const variables = variablesOf(definition, call)
  const all = [...variables.values()].join(', ')
  const body = [
    ...helpersOf(definition),
    'const subject = kernel(',
    '  {',
    `    name: ${printValue(name)},`,
    `    staticShapes: ${staticShapes},`,
    `    persistentReservedSms: ${persistentReservedSms},`,
    `    config: ${config},`,
    '  },',
    `  ${functionText(definition)},`,
    ')',
    '',
    ...[...variables].map(([one, variable]) => `const ${variable} = ${tensorText(one)}`),
    `const result = subject(${call.values.map((value) => valueText(value, variables)).join(', ')})`,
    `for (const one of [result ?? [${all}]].flat()) console.log(one.shape, (await one.data()).slice(0, 8))`,
    'await sync()',
  ].join('\n')
  const imported = NAMES.filter((each) => new RegExp(`(?<![.\\w$])${each}(?![\\w$])`).test(body))
  return [
    ...comments([
      `${name}(${describeCall(call)}) on ${describeAdapter(info)}`,
      ...(location ? [`as defined in ${location.file}:${location.line}`] : []),
      'Floats are random numbers and integers zeros.',
      ...lacking(definition, variables),
    ]),
    `import { ${imported.join(', ')} } from 'helion-aot'`,
    '',
    body,
    '',
  ].join('\n')
}

/** A name for each tensor; one from around the kernel has its own where it is all that the kernel lacks. */
function variablesOf({ fn }: KernelDefinition, call: CallArguments): ReadonlyMap<DeviceTensor, string> {
  const { tensors, captured = [] } = call
  const given = [...new Set(tensors.slice(0, tensors.length - captured.length))]
  const variables = new Map(given.map((one, index) => [one, `argument${index}`]))
  const [name, ...others] = unknownNames(fn)
  const isAlone = name !== undefined && others.length === 0 && captured.length === 1
  for (const [index, one] of captured.entries()) variables.set(one, isAlone ? name : `captured${index}`)
  return variables
}

function unknownNames(fn: KernelDefinition['fn']): readonly string[] {
  const known: ReadonlySet<string> = new Set([...NAMES, '__name'])
  return freeNames(String(fn)).filter((name) => !known.has(name))
}

/** What the kernel takes from around it, which no program can look up: its reader has to. */
function lacking(
  { fn, location }: KernelDefinition,
  variables: ReadonlyMap<DeviceTensor, string>,
): readonly string[] {
  const made = new Set(variables.values())
  const names = unknownNames(fn).filter((name) => !made.has(name))
  if (names.length === 0) return []
  const from = location ? `from ${location.file}` : 'from where the kernel is defined'
  return [`It lacks what the kernel takes from around it. Add these ${from}: ${names.join(', ')}.`]
}

/** Paths and values may hold what ends a line. */
function comments(texts: readonly string[]): readonly string[] {
  return texts.map((text) => `// ${oneLine(text)}`)
}

/** Compilers that keep the names of functions call this around them. */
function helpersOf({ fn }: KernelDefinition): readonly string[] {
  return String(fn).includes('__name(') ? ['const __name = (fn) => fn', ''] : []
}

/** As an expression: methods stand in an object. */
function functionText({ fn }: KernelDefinition): string {
  const text = Function.prototype.toString.call(fn)
  return /^(?:async\s+)?(?:function\b|\(|[\w$]+\s*=>)/.test(text) ? text : `({ ${text} }).${fn.name}`
}

function tensorText(tensor: DeviceTensor): string {
  const { shape, dtype } = tensor
  const options = dtype === 'f32' ? '' : `, { dtype: '${dtype}' }`
  const made =
    STORAGE[dtype].category === 'float'
      ? `randn([${shape.join(', ')}]${options})`
      : `zeros([${shape.join(', ')}], { dtype: '${dtype}' })`
  const fixed = [...staticDims(tensor)].sort((a, b) => a - b)
  return fixed.length > 0 ? `markStatic(${made}, [${fixed.join(', ')}])` : made
}

function valueText(value: unknown, variables: ReadonlyMap<DeviceTensor, string>): string {
  if (value instanceof DeviceTensor) return variables.get(value) ?? 'undefined'
  if (Array.isArray(value)) return `[${value.map((item) => valueText(item, variables)).join(', ')}]`
  if (typeof value === 'string') return printValue(value)
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value !== 'object' || value === null) return String(value)
  const entries = Object.entries(value).map(
    ([key, item]) => `${printValue(key)}: ${valueText(item, variables)}`,
  )
  return `{ ${entries.join(', ')} }`
}
