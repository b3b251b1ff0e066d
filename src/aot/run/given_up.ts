/**
 * What serves a call whose shape nothing worked on: the default config; nothing where that might end the
 * process once more, at the same place of each start. The program goes on without the call's results.
 */
import type { Config } from '../../config/config.ts'
import type { ChoiceRequest } from '../../kernel/config_source.ts'
import { warnOnce } from '../../support/log.ts'
import type { ShapeOfCall } from '../shape.ts'
import { attemptsAt } from './careful_benchmarker.ts'
import type { Session } from './session.ts'

const CONSEQUENCE = 'What it should have written holds nothing in particular.'

/** Undefined, and said so, where configs ended the process. */
export function defaultUnlessLethal(
  session: Session,
  { definition: { name: kernel }, bound, call, device }: ChoiceRequest,
  { hash: shapeHash, text }: ShapeOfCall,
): Config | undefined {
  if (!attemptsAt({ session, kernel, shapeHash }).isLethal) return bound.specFor(call, device).defaultConfig()
  const what = 'configs ended the process on it and none worked, so its calls are left out in this phase'
  warnOnce(
    `left out ${kernel} ${shapeHash}`,
    `helion-aot ${session.phase}: ${kernel} ${text}: ${what}\n  ${CONSEQUENCE}`,
  )
  return undefined
}
