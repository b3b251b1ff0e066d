/**
 * A new kind of node is noticed wherever kinds are told apart: switches over them name every kind that can
 * come and end in `unreachable`, and whether a node is one of several kinds is a question to the table
 * (src/ir/node_rules.ts), not a chain of comparisons or a list.
 */
import { type Expression, Visitor } from 'oxc-parser'
import type { Gate } from './gate.ts'
import { lineOf, parse, readSources, type SourceFile } from './source_files.ts'

const NODES = 'src/ir/node.ts'

export const nodeKinds: Gate = {
  name: 'node_kinds',
  check(root) {
    const files = readSources(root, ['src'])
    const kinds = kindsIn(files.find(({ path }) => path === NODES))
    return { checked: kinds.size, problems: files.flatMap((file) => problemsOf(file, kinds)) }
  },
}

/** The kinds of the interfaces that are named `…Node`. */
function kindsIn(file: SourceFile | undefined): ReadonlySet<string> {
  const kinds = new Set<string>()
  if (!file) return kinds
  new Visitor({
    TSInterfaceDeclaration({ id, body }) {
      if (!id.name.endsWith('Node')) return
      for (const member of body.body) {
        if (member.type !== 'TSPropertySignature' || !isNamed(member.key, 'kind')) continue
        const type = member.typeAnnotation?.typeAnnotation
        if (type?.type === 'TSLiteralType' && type.literal.type === 'Literal')
          kinds.add(String(type.literal.value))
      }
    },
  }).visit(parse(file).program)
  return kinds
}

function problemsOf(file: SourceFile, kinds: ReadonlySet<string>): string[] {
  const problems: string[] = []
  const report = (start: number, what: string): void => {
    problems.push(`${file.path}:${lineOf(file.text, start)} ${what}`)
  }
  const isKind = (node: Expression | null): boolean =>
    node?.type === 'Literal' && kinds.has(String(node.value))
  const seen = new Set<number>()
  new Visitor({
    SwitchStatement({ start, cases, discriminant }) {
      const labels = cases.flatMap(({ test }) => test ?? [])
      if (!isMember(discriminant, 'kind') || labels.length === 0 || !labels.every(isKind)) return
      const [last] = cases.filter(({ test }) => test === null)
      const ending = last ? file.text.slice(last.start, last.end) : ''
      if (!/\bunreachable\(/.test(ending))
        report(start, 'is a switch over kinds of nodes without unreachable')
    },
    LogicalExpression(node) {
      if (seen.has(node.start)) return
      const asked = new Map<string, number>()
      for (const part of partsOf(node, node.operator)) {
        seen.add(part.start)
        if (part.type !== 'BinaryExpression' || !isMember(part.left, 'kind') || !isKind(part.right)) continue
        const subject = file.text.slice(part.left.start, part.left.end).replace('?.', '.')
        asked.set(subject, (asked.get(subject) ?? 0) + 1)
      }
      if (Math.max(...asked.values()) > 1) report(node.start, 'asks for several kinds of nodes')
    },
    ArrayExpression({ start, elements }) {
      const all = elements.every((element) => element?.type === 'Literal' && isKind(element))
      if (elements.length > 1 && all) report(start, 'lists kinds of nodes')
    },
  }).visit(parse(file).program)
  return problems
}

function partsOf(node: Expression, operator: string): readonly Expression[] {
  if (node.type === 'ParenthesizedExpression') return partsOf(node.expression, operator)
  return node.type === 'LogicalExpression' && node.operator === operator
    ? [...partsOf(node.left, operator), ...partsOf(node.right, operator)]
    : [node]
}

function isMember(node: Expression | { readonly type: string }, name: string): boolean {
  const inner = node.type === 'ChainExpression' && 'expression' in node ? node.expression : node
  return typeof inner === 'object' && 'property' in inner && isNamed(inner.property, name)
}

function isNamed(node: unknown, name: string): boolean {
  return (node as { readonly name?: unknown }).name === name
}
