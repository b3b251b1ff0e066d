/** What holds for some invocation of the workgroup, known to all. */
import type { Lowering } from '../state/lowering.ts'
import type { Expr } from '../thread/expr.ts'
import { typeOf } from '../thread/types.ts'

/** A question to all invocations that is asked again and again; mostly nobody says yes. */
export interface Question {
  /** Notes whether the condition holds for an invocation. */
  ask(condition: Expr): void
  /**
   * Runs `body` where it held for one of them, since it was run last; WGSL sees that all of them do or none.
   * What comes between the question and this waits for nobody.
   */
  whereAny(body: () => void): void
}

/** The answer is in workgroup memory, which only those change for whom the condition holds. */
export function questionToAll({ out, e, memory, thread }: Lowering): Question {
  const flag = memory.reserveAtomic('flag', typeOf('u32', 1), 1)
  const first = e.u32(0)
  const clear = (): void => {
    out.if('some', e.binary('==', thread, first), () => out.store(flag, first, e.u32(0), out.phase()))
  }
  clear()
  return {
    ask(condition) {
      const or = { op: 'or', array: flag, index: first, value: e.u32(1), mark: {} } as const
      out.if('some', condition, () => out.atomic({ ...or, before: undefined, expected: undefined }))
    },
    whereAny(body) {
      const any = out.uniformLoad('any', flag, first)
      out.if('branch', e.unary('!', e.binary('==', any, e.u32(0))), () => {
        clear()
        body()
      })
    },
  }
}
