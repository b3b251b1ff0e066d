/**
 * What public functions take, one line of text each: `shape: list, dtype?`, `axis?, { keepdim }?`, `...axes`.
 * A call that gives more or less, a value of another kind, or an option that does not exist is an error:
 * nothing is ignored, and nothing fails later in words of JavaScript's.
 */
import { callSite } from './call_site.ts'
import { AuthorError, UsageError } from './errors.ts'
import { didYouMean } from './similar.ts'
import { isStorageType, STORAGE_TYPES } from './storage_types.ts'

interface Kind {
  readonly accepts: (value: unknown) => boolean
  /** Completes "… is 4, not …". */
  readonly words: string
  readonly remedy: string
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null
const isListOf = (value: unknown, accepts: (entry: unknown) => boolean): boolean =>
  Array.isArray(value) && Array.from(value).every(accepts)

/** What may stand behind the name of a parameter or option. */
const KINDS: Readonly<Record<string, Kind>> = {
  list: { accepts: Array.isArray, words: 'a list', remedy: 'Write [ ] around it.' },
  shape: {
    accepts: Array.isArray,
    words: 'a list of sizes',
    remedy: 'A shape has one size for each dimension: [4] or [4, 8].',
  },
  dtype: {
    accepts: isStorageType,
    words: 'a dtype',
    remedy: `Known are ${STORAGE_TYPES}.`,
  },
  number: { accepts: (value) => typeof value === 'number', words: 'a number', remedy: 'Give a number.' },
  axes: {
    accepts: (value) => typeof value === 'number' || (Array.isArray(value) && value.every(Number.isInteger)),
    words: 'a number or a list of numbers',
    remedy: 'Axes count from 0; negative ones from the end.',
  },
  flag: {
    accepts: (value) => typeof value === 'boolean',
    words: 'true or false',
    remedy: 'Give one of them.',
  },
  function: {
    accepts: (value) => typeof value === 'function',
    words: 'a function',
    remedy: 'Write () => … around it.',
  },
  tensor: {
    accepts: (value) =>
      isObject(value) && 'shape' in value && 'dtype' in value && ('at' in value || 'data' in value),
    words: 'a tensor',
    remedy: 'Make one from numbers with tensor([…]).',
  },
  'tile value or tensor': {
    accepts: (value) => isObject(value) && 'dtype' in value,
    words: 'a tile value or a tensor',
    remedy: 'Make a tensor from numbers with tensor([…]).',
  },
  device: {
    accepts: (value) => isObject(value) && 'info' in value,
    words: 'a device',
    remedy: 'The default one is `await getDevice()`.',
  },
  stream: {
    accepts: (value) => isObject(value) && 'launch' in value,
    words: 'a stream',
    remedy: 'Leave it out for the default one.',
  },
  text: { accepts: (value) => typeof value === 'string', words: 'a text', remedy: 'Write it in quotes.' },
  objects: {
    accepts: (value) => isListOf(value, isObject),
    words: 'a list of objects',
    remedy: 'Write [ ] around what it holds.',
  },
  batched: {
    accepts: (value) =>
      isListOf(
        value,
        (dims) => dims == null || isListOf(dims, (dim) => dim === null || Number.isInteger(dim)),
      ),
    words: 'a list with null or a list for each argument',
    remedy: 'Write [[0, null], null]: a number for each dimension that does not matter, null for the others.',
  },
  contents: {
    accepts: (value) => typeof value === 'string' || value instanceof Uint8Array,
    words: 'a text or bytes',
    remedy: 'Read the file first: readFileSync(path).',
  },
  effort: {
    accepts: (value) => value === 'quick' || value === 'full',
    words: 'an effort of a search',
    remedy: "Known are 'quick' and 'full'.",
  },
  forest: {
    accepts: (value) => isObject(value) && 'leaves' in value,
    words: 'a forest',
    remedy: 'An LFBO search has one in `surrogate`.',
  },
  object: {
    accepts: isObject,
    words: 'an object',
    remedy: 'See the documentation of what it takes.',
  },
}

interface Parameter {
  readonly name: string
  readonly kind: Kind | undefined
}

export interface Signature {
  /** For messages: the names, with a question mark where they may be left out. */
  readonly text: string
  readonly parameters: readonly Parameter[]
  readonly least: number
  readonly most: number
  /** The options that the last argument may have. */
  readonly options: readonly Parameter[] | undefined
  /** Whether it may be something else instead. */
  readonly orElse: boolean
}

// biome-ignore lint/suspicious/noExplicitAny: the types of parameters do not matter here.
type AnyFunction = (this: any, ...args: any[]) => unknown
type Failure = typeof AuthorError | typeof UsageError

/** Reads the text of a signature. */
export function signatureOf(text: string): Signature {
  const parts = text.split(/, (?![^{]*\})/).filter(Boolean)
  const last = parts.at(-1) ?? ''
  const [, orElse, names] = /^(.* or )?\{ (.*) \}\?$/.exec(last) ?? []
  return {
    text: text.replaceAll(/: \w+/g, ''),
    parameters: (names === undefined ? parts : parts.slice(0, -1)).map(parameterOf),
    least: parts.filter((part) => !/\?(: \w+)?$|^\.\.\./.test(part)).length,
    most: last.startsWith('...') ? Number.POSITIVE_INFINITY : parts.length,
    options: names?.split(', ').map(parameterOf),
    orElse: orElse !== undefined,
  }
}

/**
 * `call` that takes what `text` says; `what` is how messages name it. Throws UsageError unless told
 * otherwise.
 */
export function takes<Public extends AnyFunction>(
  what: string,
  text: string,
  call: Public,
  Failure: Failure = UsageError,
): Public {
  const signature = signatureOf(text)
  const checked = function (this: unknown, ...args: unknown[]): unknown {
    return call.apply(this, checkArguments(what, signature, args, Failure) as unknown[])
  }
  return checked as Public
}

/** Makes methods of a class take what their texts say. */
export function methodsTake<Class extends object>(
  prototype: Class,
  texts: Readonly<Partial<Record<keyof Class & string, string>>>,
  Failure?: Failure,
): void {
  for (const [name, text] of Object.entries(texts) as [keyof Class & string, string][]) {
    const { value, ...rest } = Object.getOwnPropertyDescriptor(prototype, name) ?? {}
    Object.defineProperty(prototype, name, { ...rest, value: takes(name, text, value, Failure) })
  }
}

/** The arguments, with the options in their place. Throws an error for what a function does not take. */
export function checkArguments(
  what: string,
  signature: Signature,
  args: readonly unknown[],
  Failure: Failure = AuthorError,
): readonly unknown[] {
  const { parameters, least, most, options, orElse } = signature
  if (args.length < least || args.length > most) throw wrongCount(what, signature, args.length, Failure)
  const last = args.at(-1)
  const hasOptions = options !== undefined && args.length > least && isPlain(last)
  const others = hasOptions ? args.slice(0, -1) : args
  for (const [i, parameter] of parameters.entries()) {
    const values = parameter.name.startsWith('...') ? others.slice(i) : [others[i]]
    for (const value of values) checkKind(what, parameter, value, Failure, i < least)
  }
  if (hasOptions) {
    checkOptions(what, options, last, Failure)
    return [...others, ...Array<undefined>(most - args.length), last]
  }
  if (options && args.length === most && last !== undefined && !orElse)
    throw new Failure(`${what}: the options are ${shown(last)}, not an object`, {
      location: callSite(),
      remedy: `Write { ${options.map(({ name }) => name).join(', ')} }.`,
    })
  return args
}

/**
 * Options by name, each with a kind that the tables of signatures know. Throws an error for another value.
 */
export function checkOptionKind(what: string, name: string, kind: string, value: unknown): void {
  checkKind(what, parameterOf(`${name}: ${kind}`), value, UsageError, false)
}

function parameterOf(part: string): Parameter {
  const [name = '', kind] = part.replace('?', '').split(': ')
  const known = kind === undefined ? undefined : KINDS[kind]
  if (kind !== undefined && !known) throw new Error(`there is no kind of argument ${kind}`)
  return { name, kind: known }
}

function wrongCount(what: string, { text, least }: Signature, given: number, Failure: Failure): Error {
  const count = given === 1 ? '1 argument' : given === 0 ? 'none' : `${given} arguments`
  const isFunction = what.startsWith('hl.')
  return new Failure(`${what} takes ${text === '' ? 'no arguments' : `(${text})`}, not ${count}`, {
    location: callSite(),
    remedy:
      given < least
        ? 'Give every one that has no question mark.'
        : `Leave the rest out${isFunction ? `; as a callback, write (value) => ${what}(value)` : ''}.`,
  })
}

function checkOptions(what: string, known: readonly Parameter[], given: object, Failure: Failure): void {
  const names = known.map(({ name }) => name)
  for (const [name, value] of Object.entries(given)) {
    const parameter = known.find((option) => option.name === name)
    if (parameter) checkKind(what, parameter, value, Failure, false)
    else
      throw new Failure(`${what} has no option ${name}`, {
        location: callSite(),
        remedy: `It has ${names.join(', ')}.${didYouMean(name, names)}`,
      })
  }
}

function checkKind(
  what: string,
  { name, kind }: Parameter,
  value: unknown,
  Failure: Failure,
  required: boolean,
): void {
  if (!kind || (value === undefined && !required) || kind.accepts(value)) return
  throw new Failure(`${what}: ${name} is ${shown(value)}, not ${kind.words}`, {
    location: callSite(),
    remedy: kind.remedy,
  })
}

function isPlain(value: unknown): value is object {
  return isObject(value) && Object.getPrototypeOf(value) === Object.prototype
}

/** A value in a message, so that a text or a bigint is not taken for a number. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'bigint') return `${value}n`
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'function') return 'a function'
  return isObject(value) ? 'an object' : String(value)
}

/** The same where a number belongs: what says itself why it is none, as values of a tile do, throws that. */
export function shownForNumber(value: unknown): string {
  return isObject(value) && Symbol.toPrimitive in value ? String(value) : shown(value)
}
