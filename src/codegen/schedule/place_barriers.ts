/**
 * Puts barriers into a thread program: between any two accesses to the same memory that different invocations
 * of a workgroup may make, and of which one may not overtake the other, on every way from one to the other,
 * those around a loop included. A forward analysis over the tree of statements: at each place, which accesses
 * may have been made since the last barrier. The only place where barriers come from.
 */
import { allAccesses, ownAccesses } from '../thread/accesses.ts'
import { type Access, type AddressSpace, conflict } from '../thread/memory.ts'
import type { Block, For, If, Statement } from '../thread/statements.ts'

/** Accesses since the last barrier of their address space, each once. */
type Pending = ReadonlyMap<string, Access>

interface Placed {
  readonly statements: readonly Statement[]
  readonly pending: Pending
}

/** The statements, with the barriers that they lack before the accesses that need them. */
export function placeBarriers(statements: readonly Statement[]): readonly Statement[] {
  return placeIn(statements, new Map()).statements
}

/** `before` may have been made when control enters the statements. */
function placeIn(statements: readonly Statement[], before: Pending): Placed {
  const placed: Statement[] = []
  let pending = before
  for (const statement of statements) {
    const accesses = accessesHere(statement)
    for (const space of spacesInConflict(pending, accesses)) {
      placed.push({ kind: 'barrier', space })
      pending = without(pending, space)
    }
    // What is only expected is not made yet.
    if (statement.kind !== 'expect' && accesses.length > 0) pending = union(pending, byKey(accesses))
    const inside = placeInside(statement, pending)
    placed.push(...inside.statements)
    pending = inside.pending
  }
  const isSame = placed.length === statements.length && placed.every((each, i) => each === statements[i])
  return { statements: isSame ? statements : placed, pending }
}

/** What is found of statements, which loops around them look at again and again. */
const ACCESSES = new WeakMap<Statement, readonly Access[]>()

/** What is accessed where a barrier may still stand before it: no barrier may stand where only some pass. */
function accessesHere(statement: Statement): readonly Access[] {
  const known = ACCESSES.get(statement)
  if (known) return known
  const isPassedBySome = statement.kind === 'if' && statement.flow === 'some'
  const found = isPassedBySome ? allAccesses(statement) : ownAccesses(statement)
  ACCESSES.set(statement, found)
  return found
}

function placeInside(statement: Statement, before: Pending): Placed {
  switch (statement.kind) {
    case 'barrier':
      return { statements: [statement], pending: without(before, statement.space) }
    case 'uniform_load':
      return { statements: [statement], pending: without(before, 'workgroup') }
    case 'block': {
      const body = placeIn(statement.body, before)
      return { statements: [withBody(statement, body.statements)], pending: body.pending }
    }
    case 'if':
      return statement.flow === 'some'
        ? { statements: [statement], pending: before }
        : placeInBranch(statement, before)
    case 'for':
      return placeInLoop(statement, before)
    default:
      return { statements: [statement], pending: before }
  }
}

function placeInBranch(statement: If, before: Pending): Placed {
  const body = placeIn(statement.body, before)
  return { statements: [withBody(statement, body.statements)], pending: union(before, body.pending) }
}

/** What was found of a loop, by what may have been made before it: loops around it look again and again. */
const LOOPS = new WeakMap<For, Map<string, Placed>>()

function placeInLoop(statement: For, before: Pending): Placed {
  const found = LOOPS.get(statement) ?? new Map<string, Placed>()
  LOOPS.set(statement, found)
  const name = [...before.keys()].sort().join(';')
  const known = found.get(name) ?? placedInLoop(statement, before)
  found.set(name, known)
  return known
}

function placedInLoop(statement: For, before: Pending): Placed {
  const once = placeIn(statement.body, before)
  // A round may follow another one. The barriers that this calls for only shorten what is pending at the
  // end, so that a third look would find nothing new.
  const around = statement.flow === 'rounds' ? once.pending : without(once.pending, 'storage')
  const body = placeIn(once.statements, union(before, ofEarlierRound(around)))
  return { statements: [withBody(statement, body.statements)], pending: union(before, body.pending) }
}

/** The same statement where its body is the same. */
function withBody<T extends For | If | Block>(statement: T, body: readonly Statement[]): T {
  return body === statement.body ? statement : { ...statement, body }
}

/** The same statements in another round are another phase. */
function ofEarlierRound(pending: Pending): Pending {
  return byKey([...pending.values()].map((access) => ({ ...access, phase: undefined })))
}

function spacesInConflict(pending: Pending, accesses: readonly Access[]): readonly AddressSpace[] {
  if (accesses.length === 0 || pending.size === 0) return []
  const known = [...pending.values()]
  const late = accesses.filter((access) => known.some((earlier) => conflict(earlier, access)))
  return [...new Set(late.map(({ space }) => space))]
}

function without(pending: Pending, space: AddressSpace): Pending {
  return new Map([...pending].filter(([, access]) => access.space !== space))
}

function union(a: Pending, b: Pending): Pending {
  const added = [...b].filter(([key]) => !a.has(key))
  return added.length === 0 ? a : new Map([...a, ...added])
}

function byKey(accesses: readonly Access[]): Pending {
  return new Map(
    accesses.map((access) => [`${access.place} ${access.how} ${access.owner} ${access.phase}`, access]),
  )
}
