/**
 * Generated modules, read: configs, `meta` and the decision in it, as data. The code of a module is never
 * run here; a hash says whether the data still tells what the code does.
 */
import type { ConfigData } from '../../../config/value.ts'
import type { Features } from '../../../heuristics/features.ts'
import { DataError, errorMessage } from '../../../support/errors.ts'
import { checkConfig } from '../../line_checks.ts'
import type { Column } from '../features/columns.ts'
import type { Term } from '../features/terms.ts'
import type { Program } from '../models/model.ts'
import { codeHashes } from './code_hash.ts'
import type { ModuleMeta } from './meta.ts'
import {
  isColumn,
  isCount,
  isGuard,
  isListOf,
  isObject,
  isRegret,
  isTableOver,
  isTermOver,
  isTreeOver,
} from './program_checks.ts'
import { choiceFor, type RunnableProgram, treeOf } from './program_data.ts'
import { readLiteral } from './read_literal.ts'

/** What a module would choose, without running it. */
export interface Chooser {
  readonly configs: readonly ConfigData[]
  /** Position in `configs` for a shape. */
  readonly key: (features: Features) => number
}

export interface ReadModule extends Chooser {
  readonly meta: Pick<ModuleMeta, 'kernel' | 'device' | 'sourceHash' | 'fallbacks' | 'heldOut'>
  readonly columns: readonly Column[]
  readonly terms: readonly Term[]
  readonly program: Program
}

const CONFIGS = '\nexport const CONFIGS: readonly ConfigData[] = '
const META = '\nexport const meta = '
const REMEDY = 'It still decides in a program that finds it; build again for one that can be read.'

/**
 * The data of a module for a kernel. Throws DataError, naming `path`, for text of another form, of an older
 * one, or edited since it was written.
 */
export function readModule(text: string, kernel: string, path: string): ReadModule {
  const lines = text.replaceAll('\r\n', '\n')
  const { held, own } = codeHashes(lines)
  if (held === undefined)
    throw new DataError(`${path} holds no decision to read: another tool or version wrote it`, {
      remedy: REMEDY,
    })
  if (held !== own)
    throw new DataError(`${path} was edited after it was generated, so its data may not tell what it does`, {
      remedy: REMEDY,
    })
  try {
    return dataOf(literalBehind(lines, CONFIGS), literalBehind(lines, META), kernel)
  } catch (error) {
    throw new DataError(`${path} is no module that can be read: ${errorMessage(error).split('\n')[0]}`, {
      remedy: REMEDY,
    })
  }
}

function literalBehind(text: string, head: string): unknown {
  const start = text.lastIndexOf(head)
  if (start < 0) throw new DataError(`it has no${head.trimEnd().replace('\nexport const', '')}`)
  return readLiteral(text, start + head.length).value
}

function dataOf(listed: unknown, meta: unknown, kernel: string): ReadModule {
  if (!isObject(meta) || meta.format !== 2) throw new DataError('its meta is not of format 2')
  if (meta.kernel !== kernel) throw new DataError(`it is for the kernel ${JSON.stringify(meta.kernel)}`)
  if (!Array.isArray(listed) || listed.length === 0) throw new DataError('it holds no configs')
  const configs = listed.map(checkConfig)
  const { fallbacks, decision, heldOut } = meta
  const isChoice = (value: unknown) => isCount(value) && value < configs.length
  if (!isListOf(fallbacks, isChoice)) throw new DataError('its fallbacks are no positions in CONFIGS')
  if (heldOut !== null && !isRegret(heldOut)) throw new DataError('its heldOut is no regret')
  const runnable = programOf(decision, isChoice, Number(fallbacks[0] ?? 0))
  return {
    meta: meta as unknown as ModuleMeta,
    configs,
    columns: runnable.columns,
    terms: runnable.terms,
    program: runnable.program,
    key: (features) => choiceFor(runnable, features),
  }
}

/** A decision as `toProgramData` writes it. Throws DataError for anything else. */
function programOf(data: unknown, isChoice: (value: unknown) => boolean, safest: number): RunnableProgram {
  const refused = (what: string) => new DataError(`the ${what} of its decision cannot be read`)
  if (!isObject(data)) throw refused('data')
  const { columns, terms, guard, program } = data
  if (!isListOf(columns, isColumn)) throw refused('columns')
  const isPosition = (value: unknown) => isCount(value) && value < columns.length
  if (!isListOf(terms, isTermOver(isPosition))) throw refused('terms')
  if (!isGuard(guard, isPosition)) throw refused('guard')
  const isTerm = (value: unknown) => isCount(value) && value < terms.length
  const known = { columns, terms, guard, safest } as unknown as Omit<RunnableProgram, 'program'>
  if (isTreeOver(program, isTerm, isChoice)) {
    const root = treeOf(program.nodes)
    if (!root) throw refused('tree')
    return { ...known, program: { kind: 'tree', root } }
  }
  if (!isTableOver(program, isPosition, columns.length, isChoice)) throw refused('program')
  const entries = program.entries.map((entry) => ({
    row: Float64Array.from(entry.slice(0, -1)),
    choice: entry.at(-1) ?? 0,
  }))
  return { ...known, program: { ...program, entries } }
}
