/**
 * Puts barriers into a function: between any two accesses to the same memory that different invocations of a
 * workgroup may make, and of which one may not overtake the other, on every way from one to the other, those
 * around a loop included. A forward analysis over the tree of statements: at each place, which accesses may
 * have been made since the last barrier.
 */
import { type Access, type AddressSpace, type Block, conflict, type Statement } from './statements.ts'

/** Accesses since the last barrier of their address space, each once. */
type Pending = ReadonlyMap<string, Access>

interface Placed {
  readonly statements: readonly Statement[]
  readonly pending: Pending
}

const BARRIERS: Readonly<Record<AddressSpace, string>> = {
  workgroup: 'workgroupBarrier();',
  storage: 'storageBarrier();',
}

/** The statements, with the barriers that they lack before the accesses that need them. */
export function placeBarriers(statements: readonly Statement[]): readonly Statement[] {
  return placeIn(statements, new Map()).statements
}

/** `before` may have been made when control enters the statements. */
function placeIn(statements: readonly Statement[], before: Pending): Placed {
  const placed: Statement[] = []
  let pending = before
  const pass = (statement: Statement): void => {
    placed.push(statement)
    if (statement.kind === 'line' && statement.barrier) pending = without(pending, statement.barrier)
  }
  for (const statement of statements) {
    if (statement.kind === 'line') pass(statement)
    else if (statement.kind === 'note') {
      for (const space of spacesInConflict(pending, statement.accesses))
        pass({ kind: 'line', text: BARRIERS[space], barrier: space })
      placed.push(statement)
      pending = union(pending, byKey(statement.accesses))
    } else {
      const block = placeInBlock(statement, pending)
      placed.push(...block.statements)
      pending = block.pending
    }
  }
  return { statements: placed, pending }
}

function placeInBlock(block: Block, before: Pending): Placed {
  const { flow } = block
  const isLoop = flow === 'rounds' || flow === 'programs'
  let body = placeIn(block.body, before)
  if (isLoop) {
    // A round may follow another one. The barriers that this calls for only shorten what is pending at the
    // end, so that a third look would find nothing new.
    const around = flow === 'rounds' ? body.pending : without(body.pending, 'storage')
    body = placeIn(body.statements, union(before, around))
  }
  return {
    statements: [{ ...block, body: body.statements }],
    pending: isLoop || flow === 'branch' ? union(before, body.pending) : body.pending,
  }
}

function spacesInConflict(pending: Pending, accesses: readonly Access[]): readonly AddressSpace[] {
  const known = [...pending.values()]
  const late = accesses.filter((access) => known.some((earlier) => conflict(earlier, access)))
  return [...new Set(late.map(({ space }) => space))]
}

function without(pending: Pending, space: AddressSpace): Pending {
  return new Map([...pending].filter(([, access]) => access.space !== space))
}

function union(a: Pending, b: Pending): Pending {
  return new Map([...a, ...b])
}

function byKey(accesses: readonly Access[]): Pending {
  return new Map(accesses.map((access) => [`${access.place} ${access.how} ${access.owner}`, access]))
}
