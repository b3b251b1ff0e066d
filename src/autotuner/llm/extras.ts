/**
 * What the environment alone says of requests to a language model: how much it is to think, whether to answer
 * fast, and headers that a proxy asks for. Values of headers are secrets.
 */
import { UsageError } from '../../support/errors.ts'
import { jsonIn } from '../../support/json.ts'
import { Secret } from '../../support/secret.ts'
import { BOOLEAN } from '../../support/setting_kinds.ts'
import { type Style, VERTEX_LOCATION, VERTEX_PROJECT } from './providers.ts'

type Read = (name: string) => string | undefined

const HEADERS = 'HELION_LLM_EXTRA_HEADERS'
const FAST = 'HELION_LLM_FAST_MODE'
const EFFORT = 'HELION_LLM_EFFORT_LEVEL'
/** What no setting stands for. */
export const EXTRA_VARIABLES: readonly string[] = [HEADERS, FAST, EFFORT, VERTEX_PROJECT, VERTEX_LOCATION]
/** What requests consist of is not for a header to change. */
const OWN = /^(?:host|content-length|content-type|transfer-encoding|connection)$/i

/** Throws UsageError for what cannot be meant. */
export function readStyle(read: Read): Style {
  const effort = read(EFFORT)?.trim().toLowerCase()
  if (effort !== undefined && !/^[a-z]+$/.test(effort))
    throw new UsageError(`${EFFORT} is ${JSON.stringify(effort)}`, {
      remedy: 'Name a level that the model knows, such as low, medium or high.',
    })
  const text = read(FAST)
  const fast = text === undefined ? false : BOOLEAN.read(text)
  if (fast === undefined)
    throw new UsageError(`${FAST} is ${JSON.stringify(text)}; allowed: ${BOOLEAN.allowed}`)
  return { effort, fast }
}

/** Throws UsageError, without any value, for what is no object of headers. */
export function readHeaders(read: Read): ReadonlyMap<string, Secret> {
  const text = read(HEADERS)
  const given: unknown = text === undefined ? {} : jsonIn(text)
  const isObject = typeof given === 'object' && given !== null && !Array.isArray(given)
  const entries: [string, unknown][] = isObject ? Object.entries(given) : []
  const wrong = entries.find(
    ([name, value]) =>
      !/^[\w!#$%&'*+.^`|~-]+$/.test(name) || OWN.test(name) || !/^[\x20-\x7e]*$/.test(String(value)),
  )
  if (!isObject || wrong || entries.some(([, value]) => typeof value !== 'string'))
    throw new UsageError(
      `${HEADERS} ${wrong ? `has ${JSON.stringify(wrong[0])}, which cannot be set` : 'cannot be read'}`,
      {
        remedy: 'Give a JSON object of names and texts: {"x-team": "kernels"}.',
      },
    )
  return new Map(entries.map(([name, value]) => [name.toLowerCase(), new Secret(String(value))]))
}
