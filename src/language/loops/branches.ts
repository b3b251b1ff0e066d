/**
 * Branches that all threads of a program take together: `hl.when` and `hl.continueIf`. Each is a loop of one
 * round or none, so accumulators that change inside are carried as in any loop.
 */
import type { Node } from '../../ir/node.ts'
import { callSite, userCode } from '../../support/call_site.ts'
import { AuthorError, type SourceLocation } from '../../support/errors.ts'
import { isOne } from '../trace/blocks.ts'
import type { LoopRange } from '../trace/scope.ts'
import { type Trace, tracing } from '../trace/trace.ts'
import { castTo, printAxes } from '../trace/typing.ts'
import { elementwise, toNode } from '../values/elementwise.ts'
import { type Operand, TileValue } from '../values/value.ts'

/** Runs `body` where the scalar condition holds, and `otherwise` where it does not. */
export function when(condition: Operand, body: () => void, otherwise?: () => void): void {
  const trace = tracing('hl.when')
  trace.scope('hl.when')
  const location = callSite()
  const holds = truthOf(trace, 'hl.when', condition)
  const fails = otherwise && elementwise('not', [holds])
  branch(trace, location, holds, body)
  if (otherwise && fails) branch(trace, location, fails, otherwise)
}

/** Leaves out the rest of the loop's body where the scalar condition holds. */
export function continueIf(condition: Operand): void {
  const trace = tracing('hl.continueIf')
  if (trace.scope('hl.continueIf').kind === 'when') {
    throw new AuthorError('hl.continueIf inside of hl.when', {
      location: callSite(),
      remedy: 'Call it in the body of the loop itself: hl.continueIf(hl.and(a, b)).',
    })
  }
  const goesOn = elementwise('not', [truthOf(trace, 'hl.continueIf', condition)])
  const location = callSite()
  trace.openRest(location, onceWhere(trace, location, goesOn))
}

function branch(
  trace: Trace,
  location: SourceLocation | undefined,
  condition: TileValue,
  body: () => void,
): void {
  const range = onceWhere(trace, location, condition)
  const scope = trace.openLoop(location, 'when')
  const returned: unknown = userCode(body)
  if (returned instanceof Promise) {
    returned.catch(() => undefined)
    throw new AuthorError('the body of hl.when is an async function', {
      location,
      remedy: 'It only describes work: remove async and await.',
    })
  }
  trace.closeLoop(scope, [], () => range)
}

/** The range of a loop that is run once where the condition holds. */
function onceWhere(trace: Trace, location: SourceLocation | undefined, condition: TileValue): LoopRange {
  const { grid } = trace
  const block = trace.blocks.add({ kind: 'grid', size: 1, end: undefined, extent: 1, grid, location })
  return {
    blocks: [block.id],
    begins: [trace.size(0)],
    ends: [castTo(trace, condition.nodeIn(trace), 'i32')],
  }
}

/** The condition as a scalar bool, that all threads of a program agree on. */
function truthOf(trace: Trace, what: string, condition: Operand): TileValue {
  const node = castTo(trace, toNode(trace, what, condition), 'bool')
  if (node.type.axes.length === 0) return new TileValue(trace, node)
  throw new AuthorError(`${what} of a condition with shape ${printAxes(trace, node.type.axes)}`, {
    location: callSite(),
    remedy: remedyFor(node),
  })
}

function remedyFor({ type }: Node): string {
  if (type.axes.every((axis) => isOne(axis))) return 'Take its one element: .any().'
  return (
    'One condition decides for the whole program: reduce it with .any() or .all(), ' +
    'or choose elements with hl.where.'
  )
}
