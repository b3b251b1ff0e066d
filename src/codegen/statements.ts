/**
 * The body of a WGSL function as a tree: lines, blocks, and before what touches memory that the invocations
 * of a workgroup share, a note of it. The notes become no text: `placeBarriers` reads them.
 */

/** `workgroup`: arrays in workgroup memory; `storage`: tensors. Each has barriers of its own. */
export type AddressSpace = 'workgroup' | 'storage'

/** What the invocations of a workgroup do to one array or tensor, all of them together. */
export interface Access {
  readonly space: AddressSpace
  /** The name of the array or tensor. */
  readonly place: string
  /** `read`, `write`, or `atomic` with its operation. */
  readonly how: string
  /**
   * Equal texts: each element is touched by the same single invocation. Undefined where that is not known.
   */
  readonly owner?: string | undefined
}

/**
 * How control passes through a block. `rounds`: any number of times, the same for all invocations of a
 * workgroup; `programs`: the same, where a round is a program, unordered with the others as to tensors;
 * `branch`: by all invocations or by none; `some`: by some of them, so that no barrier may stand inside;
 * `once`: by all of them.
 */
export type Flow = 'rounds' | 'programs' | 'branch' | 'some' | 'once'

export interface Line {
  readonly kind: 'line'
  readonly text: string
  /** The line is a barrier for this address space. */
  readonly barrier?: AddressSpace | undefined
}

export interface Block {
  readonly kind: 'block'
  readonly head: string
  readonly flow: Flow
  readonly body: readonly Statement[]
}

/** What the statements that follow access; a barrier may stand here. */
export interface Note {
  readonly kind: 'note'
  readonly accesses: readonly Access[]
}

export type Statement = Line | Block | Note

/** True when one must not overtake the other, if different invocations make them. */
export function conflict(a: Access, b: Access): boolean {
  const commute = a.how === b.how && a.how !== 'write'
  const sameOwner = a.owner !== undefined && a.owner === b.owner
  return a.space === b.space && a.place === b.place && !commute && !sameOwner
}

/** Lines of WGSL, indented. */
export function printStatements(statements: readonly Statement[], depth: number): readonly string[] {
  const indent = '  '.repeat(depth)
  return statements.flatMap((statement) => {
    if (statement.kind === 'note') return []
    if (statement.kind === 'line') return [`${indent}${statement.text}`]
    return [`${indent}${statement.head} {`, ...printStatements(statement.body, depth + 1), `${indent}}`]
  })
}
