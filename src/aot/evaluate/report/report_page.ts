/**
 * `report.html`: one file that opens from disk, without a network. Data and script are inlined; the script is
 * bundled when the package is built, or on the spot when the package runs from its source.
 */
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildSync } from 'esbuild'
import { DataError } from '../../../support/errors.ts'
import { readText } from '../../../support/files.ts'
import type { ReportData } from './report_data.ts'
import { REPORT_STYLE } from './report_style.ts'

/** The page for some data. */
export function reportPage(data: ReportData): string {
  const title = escapeHtml(data.title)
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${REPORT_STYLE}</style>
</head>
<body>
<main id="report"><noscript>This report draws its pictures with JavaScript.</noscript></main>
<script id="data" type="application/json">${inlineJson(data)}</script>
<script>${clientScript().replaceAll('</script', '<\\/script')}</script>
</body>
</html>
`
}

/** JSON that can stand inside a script element: no `<` is left to end it. */
function inlineJson(data: unknown): string {
  return JSON.stringify(data)
    .replaceAll('<', '\\u003c')
    .replaceAll('\u2028', '\\u2028')
    .replaceAll('\u2029', '\\u2029')
}

function escapeHtml(text: string): string {
  const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
  return text.replace(/[&<>"]/g, (character) => entities[character] ?? character)
}

/** Name of the bundled script in dist/. */
const BUNDLE = 'report_client.js'

function clientScript(): string {
  const here = dirname(fileURLToPath(import.meta.url))
  const source = join(here, 'client', 'main.ts')
  if (existsSync(source)) return bundleClient(source)
  for (let folder = here; folder !== dirname(folder); folder = dirname(folder)) {
    const path = join(folder, BUNDLE)
    if (existsSync(path)) return readText(path)
  }
  throw new DataError(`${BUNDLE} is missing from this package`)
}

/** Bundled once for all reports of a process. */
let bundled: string | undefined

function bundleClient(source: string): string {
  bundled ??= bundledNow(source)
  return bundled
}

function bundledNow(source: string): string {
  const { outputFiles } = buildSync({
    entryPoints: [source],
    bundle: true,
    format: 'iife',
    platform: 'browser',
    target: 'es2022',
    minify: true,
    write: false,
    logLevel: 'silent',
  })
  return outputFiles[0]?.text ?? ''
}
