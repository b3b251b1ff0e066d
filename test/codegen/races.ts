/**
 * Looks for races in the body of a function, in another way than `placeBarriers` avoids them: as a graph of
 * steps, in which no access may reach one that it conflicts with except past a barrier. Also that every line
 * that names an array in workgroup memory stands below a note that says so.
 */
import { type Access, conflict, type Statement } from '../../src/codegen/statements.ts'

interface Step {
  readonly accesses: readonly Access[]
  readonly barrier: string | undefined
  readonly next: Step[]
  /** Steps of another program, which shares no order with this one but in workgroup memory. */
  readonly nextProgram: Step[]
}

/** What is wrong, a sentence each; empty when nothing is. */
export function races(body: readonly Statement[]): readonly string[] {
  const steps: Step[] = []
  connect(body, [makeStep(steps)], steps)
  return [
    ...steps.flatMap((step) => step.accesses.flatMap((access) => racesOf(step, access))),
    ...unnoted(body),
  ]
}

function makeStep(steps: Step[], accesses: readonly Access[] = [], barrier?: string): Step {
  const step: Step = { accesses, barrier, next: [], nextProgram: [] }
  steps.push(step)
  return step
}

/** Appends the statements behind `from`; gives the steps with which they may end. */
function connect(body: readonly Statement[], from: readonly Step[], steps: Step[]): readonly Step[] {
  let last = from
  for (const statement of body) {
    if (statement.kind === 'block') {
      const entry = makeStep(steps)
      for (const step of last) step.next.push(entry)
      const ends = connect(statement.body, [entry], steps)
      const { flow } = statement
      for (const end of ends) {
        if (flow === 'rounds') end.next.push(entry)
        if (flow === 'programs') end.nextProgram.push(entry)
      }
      last = flow === 'once' || flow === 'some' ? ends : [...last, ...ends]
      continue
    }
    const step =
      statement.kind === 'note' ? makeStep(steps, statement.accesses) : makeStep(steps, [], statement.barrier)
    for (const before of last) before.next.push(step)
    last = [step]
  }
  return last
}

function racesOf(start: Step, access: Access): readonly string[] {
  const found: string[] = []
  const seen = new Set<Step>()
  const waiting = [start]
  for (let step = waiting.pop(); step; step = waiting.pop()) {
    for (const next of access.space === 'storage' ? step.next : [...step.next, ...step.nextProgram]) {
      if (seen.has(next) || next.barrier === access.space) continue
      seen.add(next)
      waiting.push(next)
      for (const later of next.accesses.filter((other) => conflict(access, other)))
        found.push(`no barrier from ${access.how} to ${later.how} of ${access.place}`)
    }
  }
  return found
}

/** Lines that name an array which the last note above them leaves out, and barriers where none may stand. */
function unnoted(body: readonly Statement[]): readonly string[] {
  const arrays = namesIn(body)
  const found: string[] = []
  let noted: readonly Access[] = []
  const visit = (statements: readonly Statement[], forAll: boolean): void => {
    for (const statement of statements) {
      if (statement.kind === 'note') noted = statement.accesses
      else if (statement.kind === 'block') visit(statement.body, forAll && statement.flow !== 'some')
      else if (statement.barrier) {
        if (!forAll) found.push(`a barrier where not all invocations pass: ${statement.text}`)
      } else {
        for (const array of arrays) {
          const [before, ...after] = statement.text.split(`${array}[`)
          const isWrite = before === '' && after.length > 0
          const how = [...(isWrite ? ['write'] : []), ...(after.length > (isWrite ? 1 : 0) ? ['read'] : [])]
          for (const one of how)
            if (!noted.some((access) => access.place === array && access.how === one))
              found.push(`nothing notes the ${one} in: ${statement.text}`)
        }
      }
    }
  }
  visit(body, true)
  return found
}

function namesIn(body: readonly Statement[]): ReadonlySet<string> {
  const inStatement = (statement: Statement): readonly string[] => {
    if (statement.kind === 'block') return [...namesIn(statement.body)]
    const accesses = statement.kind === 'note' ? statement.accesses : []
    return accesses.filter(({ space }) => space === 'workgroup').map(({ place }) => place)
  }
  return new Set(body.flatMap(inStatement))
}
