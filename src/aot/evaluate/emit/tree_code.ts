/**
 * A tree as nested ifs: the low side inside, the high side after, a comment with the evidence at every leaf.
 */
import type { Decision, LeafEvidence } from '../decide/decision.ts'
import { termsIn } from '../learn/tidy.ts'
import { isLeaf, type TreeNode } from '../learn/tree.ts'
import { entryAt } from '../numeric.ts'
import { condition, quantity } from './expressions.ts'
import { WIDTH } from './literals.ts'

/** Statements that return the choice, without indentation of their own. */
export function treeCode(decision: Decision, root: TreeNode): readonly string[] {
  const { terms, columns } = decision
  const quantities = termsIn(root).flatMap((term) => quantity(entryAt(terms, term), columns) ?? [])
  const evidence = [...decision.leaves]
  return [
    ...quantities.map(({ name, expression }) => `const ${name} = ${expression}`),
    ...(quantities.length > 0 ? [''] : []),
    ...statements(decision, root, evidence, INDENT),
  ]
}

const INDENT = 2

/** `indent` is where the statements will stand. */
function statements(
  decision: Decision,
  node: TreeNode,
  evidence: LeafEvidence[],
  indent: number,
): readonly string[] {
  if (isLeaf(node)) return [`return ${node.choice}${comment(evidence.shift())}`]
  const test = condition(entryAt(decision.terms, node.term), node.threshold, decision.columns)
  const low = statements(decision, node.low, evidence, indent + 2)
  const high = statements(decision, node.high, evidence, indent)
  const [first = ''] = low
  const line = `if (${test}) ${first}`
  const isShort = isLeaf(node.low) && indent + line.length <= WIDTH
  const inside = isShort ? [line] : [`if (${test}) {`, ...low.map((text) => `  ${text}`), '}']
  return [...inside, ...high]
}

function comment(evidence: LeafEvidence | undefined): string {
  if (!evidence) return ''
  if (evidence.shapes === 0) return ' // between measured shapes'
  const shapes = `${evidence.shapes} ${evidence.shapes === 1 ? 'shape' : 'shapes'}`
  const { heldOut } = evidence
  return heldOut
    ? ` // ${shapes}; held out ${factor(heldOut.geomean)}, worst ${factor(heldOut.worst)}`
    : ` // ${shapes}`
}

function factor(value: number): string {
  return `${value.toFixed(2)}x`
}
