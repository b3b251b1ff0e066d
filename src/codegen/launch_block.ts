/**
 * What a program learns at launch: sizes and scalar arguments, as words of an immediate (or uniform) block,
 * and the WGSL of expressions over them. All sizes are u32.
 */
import type { KernelIr } from '../ir/kernel_ir.ts'
import { printSize, type Size, type SizeOp } from '../ir/size.ts'
import { operand } from '../ir/wgsl_text.ts'
import { DTYPES, type DType } from '../support/dtypes.ts'
import { unreachable } from '../support/errors.ts'
import type { DeviceLimits, LaunchWord } from './program.ts'
import type { Writer } from './writer.ts'

const WORD_BYTES = 4

export class LaunchBlock {
  readonly #kernel: KernelIr
  readonly #out: Writer
  readonly #words = new Map<string, LaunchWord>()
  /** Names of fields by what they hold. */
  readonly #names = new Map<string, string>()

  constructor(kernel: KernelIr, out: Writer) {
    this.#kernel = kernel
    this.#out = out
  }

  get words(): readonly LaunchWord[] {
    return [...this.#words.values()]
  }

  /** A size as a name or literal. */
  size(size: Size): string {
    if (typeof size === 'number') return `${size}u`
    if (size.op === 'symbol') {
      return this.#field(size.key, printSize(size), { kind: 'size', size })
    }
    const [a, b] = size.args.map((arg) => this.size(arg))
    return this.#out.early('size', sizeText(size.op, a ?? '0u', b ?? '0u'))
  }

  /** A scalar argument as the dtype. */
  scalar(id: number, dtype: DType): string {
    const stored = dtype === 'f16' ? 'f32' : dtype
    const name = this.#kernel.scalars[id]?.name ?? 'scalar'
    const field = this.#field(`${id} ${stored}`, `${name}_${stored}`, {
      kind: 'scalar',
      scalar: id,
      dtype: stored,
    })
    return dtype === 'f16' ? `f16(${field})` : field
  }

  /** Immediates where they fit, a uniform buffer otherwise. */
  storage(limits: DeviceLimits): 'immediate' | 'uniform' {
    return this.#words.size * WORD_BYTES <= limits.maxImmediateBytes ? 'immediate' : 'uniform'
  }

  /** The declaration of the block; nothing when no word is used. `binding` is the next free number. */
  declarations(limits: DeviceLimits, binding: number): string[] {
    if (this.#words.size === 0) return []
    const fields = [...this.#words].map(([name, word]) => {
      return `  ${name}: ${word.kind === 'size' ? 'u32' : DTYPES[word.dtype].wgsl},`
    })
    const struct = ['struct Launch {', ...fields, '}'].join('\n')
    const immediate = this.storage(limits) === 'immediate'
    const place = immediate ? 'var<immediate>' : `@group(0) @binding(${binding}) var<uniform>`
    return [struct, `${place} launch: Launch;`]
  }

  /** The field for `key`, named after `text`; different texts may make the same identifier. */
  #field(key: string, text: string, word: LaunchWord): string {
    let name = this.#names.get(key)
    if (name === undefined) {
      name = identifier(text)
      while (this.#words.has(name)) name += '_'
      this.#names.set(key, name)
      this.#words.set(name, word)
    }
    return `launch.${name}`
  }
}

/** A name that WGSL accepts, made from any text. */
export function identifier(text: string): string {
  const plain = text.replace(/[^A-Za-z0-9]+/g, '_').replace(/^_+|_+$/g, '')
  return /^[A-Za-z]/.test(plain) ? plain : `v${plain}`
}

function sizeText(op: SizeOp, a: string, b: string): string {
  const [x, y] = [operand(a), operand(b)]
  switch (op) {
    case 'add':
      return `${x} + ${y}`
    case 'sub':
      return `${x} - ${y}`
    case 'mul':
      return `${x} * ${y}`
    case 'floordiv':
      return `${x} / ${y}`
    case 'cdiv':
      return `(${x} + ${/^\d+u$/.test(y) ? `${Number(y.slice(0, -1)) - 1}u` : `${y} - 1u`}) / ${y}`
    case 'mod':
      return `${x} % ${y}`
    case 'min':
    case 'max':
      return `${op}(${x}, ${y})`
    case 'next_power_of_2':
      return `1u << (32u - countLeadingZeros(max(${x}, 1u) - 1u))`
    default:
      return unreachable(op)
  }
}
