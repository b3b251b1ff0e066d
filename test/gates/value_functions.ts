/**
 * Methods of values are functions of `hl` too, those along axes are methods of tensors, and fields of configs
 * are getters. Types that are computed from others lose their words in editors, so these are declared one by
 * one, in files that are written from the others. `npm run functions` writes them anew.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ALONG_AXES } from '../../src/language/values/along_axes.ts'
import type { Gate } from './gate.ts'
import { parse } from './source_files.ts'

const HEADER = (what: string, imports: string, types: string): string => `/**
 * ${what}, each with the words
 * of its method, which editors show. Written from the methods by \`npm run functions\`: change those.
 */
${imports}
${types}
`

interface Method {
  readonly name: string
  /** Its doc comment, as it stands there. */
  readonly doc: string
}

const NO_FUNCTIONS = new Set(['at', 'shape', 'T'])
/** Of these there is one for sizes as well. */
const OF_SIZES = new Set(['add', 'sub', 'mul', 'floorDiv', 'mod', 'minimum', 'maximum'])

export const valueFunctions: Gate = {
  name: 'value_functions',
  check(root) {
    if (!existsSync(join(root, ELEMENTWISE.methods))) return { checked: 0, problems: [] }
    const files = Object.entries(functionFiles(root))
    const stale = files.filter(
      ([path, text]) => !existsSync(join(root, path)) || readFileSync(join(root, path), 'utf8') !== text,
    )
    return {
      checked: files.length,
      problems: stale.map(([path]) => `${path} is of before; npm run functions`),
    }
  },
}

const ELEMENTWISE = {
  path: 'src/language/values/elementwise_functions.ts',
  methods: 'src/language/values/elementwise_methods.ts',
}
const VALUES = {
  path: 'src/language/values/value_functions.ts',
  alongAxes: 'src/language/values/along_axis_methods.ts',
  methods: 'src/language/values/value.ts',
  atomics: 'src/language/values/ref_methods.ts',
  tensors: 'src/language/tensors/tensor.ts',
}

const FIELDS = { path: 'src/config/field_types.ts', values: 'src/config/fields.ts' }

/** By path: what is to stand there. */
export function functionFiles(root: string): Readonly<Record<string, string>> {
  return {
    [ELEMENTWISE.path]: elementwiseText(root),
    [VALUES.path]: valuesText(root),
    [VALUES.alongAxes]: alongAxesText(root),
    [FIELDS.path]: fieldsText(root),
  }
}

function elementwiseText(root: string): string {
  const header = HEADER(
    'The element-wise methods as functions of `hl`',
    [
      "import type { Dim, Tensor, WholeMethods, WholeOperand } from '../tensors/tensor.ts'",
      "import type { Operand, TileMethods, TileValue } from './value.ts'",
    ].join('\n'),
    `
type OfTile<K extends keyof TileMethods> = Parameters<Extract<TileMethods[K], (...of: never[]) => unknown>>
type OfTensor<K extends keyof WholeMethods> = Parameters<WholeMethods[K]>`,
  )
  const methods = methodsOf(root, ELEMENTWISE.methods, 'ElementwiseMethods').map((method) => {
    const { name } = method
    const on = (operand: string): string => `(a: ${operand}, b: ${operand})`
    if (OF_SIZES.has(name))
      return overloads(method, [
        `${on('number')}: Dim`,
        `${on('Operand')}: TileValue`,
        `${on('WholeOperand')}: Tensor`,
      ])
    return overloads(method, [
      `(value: Operand, ...rest: OfTile<'${name}'>): TileValue`,
      `(tensor: WholeOperand, ...rest: OfTensor<'${name}'>): Tensor`,
    ])
  })
  const doc = '/** Element-wise functions of values and of whole tensors. */'
  return `${header}\n${doc}\nexport interface ElementwiseFunctions {\n${methods.join('')}}\n`
}

function valuesText(root: string): string {
  const header = HEADER(
    'The other methods of values as functions of `hl`',
    [
      "import type { IndexTerm, Tensor } from '../tensors/tensor.ts'",
      "import type { Operand, RefMethods, TileMethods, TileValue } from './value.ts'",
    ].join('\n'),
    `
type Call = (...of: never[]) => unknown
type OfTile<K extends keyof TileMethods> = Parameters<Extract<TileMethods[K], Call>>
type FromTile<K extends keyof TileMethods> = ReturnType<Extract<TileMethods[K], Call>>
type OfTensor<K extends keyof Tensor> = Parameters<Extract<Tensor[K], Call>>
type FromTensor<K extends keyof Tensor> = ReturnType<Extract<Tensor[K], Call>>
type OfRef<K extends keyof RefMethods> = Parameters<RefMethods[K]>
type Index = readonly IndexTerm[]`,
  )
  const ofTensors = new Set([
    ...Object.keys(ALONG_AXES),
    ...['ViewMethods', 'WholeMethods'].flatMap((name) =>
      methodsOf(root, VALUES.tensors, name).map((method) => method.name),
    ),
  ])
  const values = methodsOf(root, VALUES.methods, 'TileMethods')
    .filter(({ name }) => !NO_FUNCTIONS.has(name))
    .map((method) => {
      const { name } = method
      return overloads(method, [
        `(value: Operand, ...rest: OfTile<'${name}'>): FromTile<'${name}'>`,
        ...(ofTensors.has(name)
          ? [`(tensor: Tensor, ...rest: OfTensor<'${name}'>): FromTensor<'${name}'>`]
          : []),
      ])
    })
  const atomics = methodsOf(root, VALUES.atomics, 'RefMethodsOf')
    .filter(({ name }) => name.startsWith('atomic'))
    .map((method) =>
      overloads(method, [`(tensor: Tensor, index: Index, ...rest: OfRef<'${method.name}'>): TileValue`]),
    )
  const doc = '/** The other functions of values and of whole tensors. */'
  return `${header}\n${doc}\nexport interface ValueFunctions {\n${[...values, ...atomics].join('')}}\n`
}

function alongAxesText(root: string): string {
  const header = HEADER(
    'The methods of values that work along axes, as tensors have them outside of loops',
    "import type { TileMethods } from './value.ts'",
    '',
  )
  const methods = methodsOf(root, VALUES.methods, 'TileMethods')
    .filter(({ name }) => Object.hasOwn(ALONG_AXES, name))
    .map((method) => overloads(method, [`(...of: Parameters<TileMethods['${method.name}']>): Result`]))
  const doc = '/** What works along axes. */'
  return `${header}${doc}\nexport interface AlongAxisMethods<Result> {\n${methods.join('')}}\n`
}

function fieldsText(root: string): string {
  const fields = methodsOf(root, FIELDS.values, 'FieldValues')
  const camelCase = (name: string): string =>
    name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase())
  const inputs = fields.map(
    ({ name, doc }) => `  ${doc}\n  readonly ${name}?: Written<FieldValues['${name}']>\n`,
  )
  const getters = fields.map(
    ({ name, doc }) => `  ${doc}\n  readonly ${camelCase(name)}: FieldValues['${name}']\n`,
  )
  return `/**
 * The fields of a config as people write them, and as getters of \`Config\`, each with the words of its row,
 * which editors show. Written from \`FieldValues\` by \`npm run functions\`: change that.
 */
import type { FieldValues } from './fields.ts'

/** The value, or one entry for all places where that is a list of plain values. */
type Written<Value> = Value extends readonly (infer Entry)[]
  ? Value | (Entry extends readonly unknown[] ? never : Entry)
  : Value

/** Every field that acts, as people write it. */
export interface FieldInputs {
${inputs.join('')}}

/**
 * \`blockSizes\` for \`block_sizes\`, and so on; where nothing is said lists are empty, values the default.
 */
export interface FieldGetters {
${getters.join('')}}
`
}

function overloads({ name, doc }: Method, signatures: readonly string[]): string {
  return signatures.map((signature) => `  ${doc}\n  ${name}${signature}\n`).join('')
}

/** The members of an interface, in their order; none where there is no such interface. */
function methodsOf(root: string, path: string, name: string): readonly Method[] {
  const text = readFileSync(join(root, path), 'utf8')
  const { program, comments } = parse({ path, text })
  const found = program.body.flatMap((statement) => {
    const declared = statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement
    return declared?.type === 'TSInterfaceDeclaration' && declared.id.name === name ? declared.body.body : []
  })
  return found.flatMap((member) => {
    if (member.type !== 'TSMethodSignature' && member.type !== 'TSPropertySignature') return []
    if (member.key.type !== 'Identifier') return []
    const before = comments.findLast(({ end }) => end <= member.start)
    const doc = before && text.slice(before.end, member.start).trim() === '' ? before.value : '*'
    return { name: member.key.name, doc: `/*${doc.replace(/ Likewise below\./, '')}*/` }
  })
}
