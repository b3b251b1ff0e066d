/** WGSL that authors wrote, as functions of the program: one for each text and its types. */
import { sha16 } from '../../support/stable.ts'
import type { InlineExpr } from '../thread/expr.ts'
import { typeName } from './type_names.ts'

export function inlineFunction({ code, args, type }: InlineExpr): {
  readonly name: string
  readonly text: string
} {
  const parameters = code.parameters.map((name, i) => {
    const arg = args[i]
    return `${name}: ${arg ? typeName(arg.type) : 'f32'}`
  })
  const rest = `(${parameters.join(', ')}) -> ${typeName(type)} {\n  return ${code.text};\n}`
  const name = `inline_${sha16(rest).slice(0, 8)}`
  return { name, text: `fn ${name}${rest}` }
}
