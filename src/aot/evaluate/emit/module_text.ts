/** The text of a generated module: the template with a decision filled in. */
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isOpen } from '../../../config/value.ts'
import { moduleExports } from '../../../heuristics/module_names.ts'
import { DataError } from '../../../support/errors.ts'
import { readText } from '../../../support/files.ts'
import type { Decision } from '../decide/decision.ts'
import { furtherText, TOO_FEW_HELD_OUT, worstOfKeptText } from '../decide/statistics.ts'
import { withCodeHash } from './code_hash.ts'
import { keyFunction } from './key_function.ts'
import { commentsOnly, commentText, configLines, dataLiteral } from './literals.ts'
import { metaOf, type Provenance } from './meta.ts'

export interface EmitOptions extends Provenance {
  /** Text put before the module: comments as they are, anything else as a comment. */
  readonly fileHeader?: string | undefined
}

/**
 * TypeScript without imports that type-checks under strict settings and needs no more than types stripped.
 */
export function moduleText(decision: Decision, options: EmitOptions): string {
  const key = keyFunction(decision)
  const names = moduleExports(decision.kernel)
  const { training, further, heldOut, worstOfKept } = decision
  const hasDefault = decision.configs.some(isOpen)
  const summary = [
    `Shapes: ${decision.sweep.shapes.length}${further ? furtherNote(further.shapes) : ''}, ` +
      `configs measured: ${decision.sweep.configs.length}, ` +
      `kept: ${decision.configs.length}${hasDefault ? ', the default of each shape among them' : ''}.`,
    `Time over best time: ${training.geomean.toFixed(3)} on these shapes` +
      (heldOut
        ? `, ${heldOut.geomean.toFixed(3)} on shapes held out (95 %: ${heldOut.p95.toFixed(2)}).`
        : `: ${worstOfKeptText(worstOfKept)};`),
    ...(heldOut ? [] : [`${TOO_FEW_HELD_OUT}.`]),
    ...(further ? [`${furtherText(further)}.`] : []),
  ]
  const text = fill(readTemplate(), {
    header: commentsOnly(options.fileHeader ?? ''),
    kernelComment: commentText(decision.kernel),
    toolComment: commentText(options.tool),
    sourceComment: commentText(sourceOf(decision)),
    summaryComment: summary.map((line) => ` * ${line}`).join('\n'),
    types: key.support.map((text) => `\n${text}\n`).join(''),
    configs: configLines(decision.configs),
    keyDoc: 'Position in CONFIGS of the config for these arguments.',
    keyName: names.key,
    autotuneName: names.autotune,
    parameters: key.parameters.map((name) => `${name}?: unknown`).join(', '),
    arguments: key.parameters.join(', '),
    body: key.body,
    meta: dataLiteral(metaOf(decision, options), 0),
  })
  return withCodeHash(text)
}

function furtherNote(shapes: number): string {
  return ` (${shapes} of them further ones, measured to learn from)`
}

function sourceOf({ sweep }: Decision): string {
  const { run } = sweep
  return run ? `measurements of ${run.started_at} on ${run.hardware_id}` : 'measurements'
}

/** Replaces `{{name}}`; values are not looked at again, so that nothing in them counts as a placeholder. */
function fill(template: string, values: Readonly<Record<string, string>>): string {
  return template.replace(/\{\{(\w+)\}\}/g, (_, name: string) => {
    const value = values[name]
    if (value === undefined) throw new Error(`the template asks for ${name}, which there is no value for`)
    return value
  })
}

/** The folder `templates` of the package, from wherever this code was bundled to. */
function readTemplate(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const path = join(folder, 'templates', 'heuristic_module.txt')
    if (existsSync(path)) return readText(path)
    if (folder === dirname(folder)) throw new DataError('the folder templates of this package is missing')
  }
}
