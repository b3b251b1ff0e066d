/**
 * Looks for races in the body of a thread program, in another way than `placeBarriers` avoids them: as a
 * graph of steps, in which no access may reach one that it conflicts with except past a barrier.
 */
import { allAccesses, ownAccesses } from '../../src/codegen/thread/accesses.ts'
import { type Access, type AddressSpace, conflict } from '../../src/codegen/thread/memory.ts'
import { bodyOf, type Statement } from '../../src/codegen/thread/statements.ts'

interface Step {
  readonly id: number
  readonly accesses: readonly Access[]
  readonly barrier: AddressSpace | undefined
  readonly next: Step[]
  /** Steps of a later round, where the same statements are others. */
  readonly nextRound: Step[]
  /** Steps of another program, which shares no order with this one but in workgroup memory. */
  readonly nextProgram: Step[]
}

/** What is wrong, a sentence each; empty when nothing is. */
export function races(body: readonly Statement[]): readonly string[] {
  const steps: Step[] = []
  connect(body, [makeStep(steps)], steps)
  return [
    ...steps.flatMap((step) => step.accesses.flatMap((access) => racesOf(step, access))),
    ...strayBarriers(body, true),
  ]
}

function makeStep(steps: Step[], accesses: readonly Access[] = [], barrier?: AddressSpace): Step {
  const step: Step = { id: steps.length, accesses, barrier, next: [], nextRound: [], nextProgram: [] }
  steps.push(step)
  return step
}

/** Appends the statements behind `from`; gives the steps with which they may end. */
function connect(body: readonly Statement[], from: readonly Step[], steps: Step[]): readonly Step[] {
  let last = from
  for (const statement of body) {
    const some = statement.kind === 'if' && statement.flow === 'some'
    const entry = makeStep(
      steps,
      (some ? allAccesses(statement) : ownAccesses(statement)).filter(() => statement.kind !== 'expect'),
      barrierOf(statement),
    )
    for (const step of last) step.next.push(entry)
    last = [entry]
    if (some || bodyOf(statement).length === 0) continue
    const ends = connect(bodyOf(statement), [entry], steps)
    if (statement.kind === 'for') {
      for (const end of ends) (statement.flow === 'rounds' ? end.nextRound : end.nextProgram).push(entry)
    }
    last = statement.kind === 'block' ? ends : [entry, ...ends]
  }
  return last
}

function barrierOf(statement: Statement): AddressSpace | undefined {
  if (statement.kind === 'uniform_load') return 'workgroup'
  return statement.kind === 'barrier' ? statement.space : undefined
}

function racesOf(start: Step, access: Access): readonly string[] {
  const found: string[] = []
  const seen = new Set<string>()
  const waiting: (readonly [step: Step, access: Access])[] = [[start, access]]
  const goOn = (next: Step, as: Access): void => {
    const key = `${next.id} ${as.phase}`
    if (seen.has(key) || next.barrier === access.space) return
    seen.add(key)
    for (const later of next.accesses.filter((other) => conflict(as, other)))
      found.push(`no barrier from ${as.how} to ${later.how} of ${as.place}`)
    waiting.push([next, as])
  }
  for (let item = waiting.pop(); item; item = waiting.pop()) {
    const [step, as] = item
    for (const next of step.next) goOn(next, as)
    const again = access.space === 'storage' ? step.nextRound : [...step.nextRound, ...step.nextProgram]
    for (const next of again) goOn(next, { ...as, phase: undefined })
  }
  return found
}

/** Barriers where not all invocations pass. */
function strayBarriers(body: readonly Statement[], forAll: boolean): readonly string[] {
  return body.flatMap((statement) => {
    if (!forAll && barrierOf(statement)) return [`a barrier where not all invocations pass`]
    const inside = forAll && !(statement.kind === 'if' && statement.flow === 'some')
    return strayBarriers(bodyOf(statement), inside)
  })
}
