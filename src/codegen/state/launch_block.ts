/**
 * What a program learns at launch: sizes and scalar arguments, as words of an immediate (or uniform) block,
 * and expressions over them. All sizes are u32.
 */
import { printSize, type Size, type SizeOp } from '../../ir/size.ts'
import type { TileProgram } from '../../ir/tile_program.ts'
import { DTYPES, type DType } from '../../support/dtypes.ts'
import { unreachable } from '../../support/errors.ts'
import type { DeviceLimits, LaunchWord } from '../program.ts'
import type { Expr } from '../thread/expr.ts'
import { identifier } from '../thread/names.ts'
import type { LaunchField } from '../thread/program.ts'
import type { Writer } from '../thread/writer.ts'

const WORD_BYTES = 4
const WORD_BITS = 32

export class LaunchBlock {
  readonly #program: TileProgram
  readonly #out: Writer
  /** Fields by what they hold. */
  readonly #fields = new Map<string, LaunchField>()

  constructor(program: TileProgram, out: Writer) {
    this.#program = program
    this.#out = out
  }

  get fields(): readonly LaunchField[] {
    return [...this.#fields.values()]
  }

  /** A size as a name or a number. */
  size(size: Size): Expr {
    const e = this.#out.expressions
    if (typeof size === 'number') return e.u32(size)
    if (size.op === 'symbol') return this.#field(size.key, printSize(size), { kind: 'size', size })
    if (size.op === 'block_size') throw new Error(`${size.key} was to be a number`)
    return this.#out.early('size', this.#operation(size.op, this.size(size.args[0]), this.size(size.args[1])))
  }

  /** A scalar argument as the dtype. */
  scalar(id: number, dtype: DType): Expr {
    const stored = DTYPES[dtype].wide
    const name = this.#program.scalars[id]?.name ?? 'scalar'
    const word: LaunchWord = { kind: 'scalar', scalar: id, dtype: stored }
    return this.#out.expressions.convert(dtype, this.#field(`${id} ${stored}`, `${name}_${stored}`, word))
  }

  /** Immediates where they fit, a uniform buffer otherwise. */
  storage(limits: DeviceLimits): 'immediate' | 'uniform' {
    return this.#fields.size * WORD_BYTES <= limits.maxImmediateBytes ? 'immediate' : 'uniform'
  }

  /** The field for `key`, named after `text`; different texts may make the same identifier. */
  #field(key: string, text: string, word: LaunchWord): Expr {
    let field = this.#fields.get(key)
    if (!field) {
      const taken = new Set(this.fields.map((known) => known.name))
      let name = identifier(text)
      while (taken.has(name)) name += '_'
      field = { name, word }
      this.#fields.set(key, field)
    }
    return this.#out.expressions.field(field.name, word.kind === 'size' ? 'u32' : word.dtype)
  }

  #operation(op: SizeOp, x: Expr, y: Expr): Expr {
    const e = this.#out.expressions
    switch (op) {
      case 'add':
        return e.add(x, y)
      case 'sub':
        return e.sub(x, y)
      case 'mul':
        return e.mul(x, y)
      case 'floordiv':
        return e.div(x, y)
      case 'cdiv':
        return e.div(e.add(x, e.sub(y, e.u32(1))), y)
      case 'mod':
        return e.binary('%', x, y)
      case 'min':
      case 'max':
        return e.call(op, x, y)
      case 'next_power_of_2': {
        const below = e.sub(e.call('max', x, e.u32(1)), e.u32(1))
        const bits = e.sub(e.u32(WORD_BITS), e.call('countLeadingZeros', below))
        return e.binary('<<', e.u32(1), bits)
      }
      default:
        return unreachable(op)
    }
  }
}
