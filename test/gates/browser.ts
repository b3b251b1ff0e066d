/**
 * The package works in browsers: everything reachable from src/index.ts, dynamic imports included, bundles
 * for one without Node's modules, and the bundle runs where there is neither `process` nor `require`.
 */
import type { BuildFailure, Message } from 'esbuild'
import { bundleForPage, openPage } from '../page.ts'
import type { Gate, GateResult } from './gate.ts'

export const browser: Gate = {
  name: 'browser',
  async check(root) {
    try {
      return await bundleAndRun(root)
    } catch (error) {
      const { errors } = error as Partial<BuildFailure>
      if (!errors) throw error
      return { checked: 1, problems: errors.map(describe) }
    }
  },
}

async function bundleAndRun(root: string): Promise<GateResult> {
  const { script, files, warnings } = await bundleForPage(root)
  const problems = warnings.map(describe)
  try {
    openPage(script)
  } catch (error) {
    problems.push(`the bundle throws when it is loaded: ${error}`)
  }
  return { checked: files.length, problems }
}

function describe({ text, location }: Message): string {
  const [line = ''] = text.split('\n')
  return location ? `${location.file}:${location.line} ${line}` : line
}
