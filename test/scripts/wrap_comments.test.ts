/**
 * scripts/wrap_comments.js: what it moves, what it leaves, and that doing it twice changes nothing more.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeEach, expect, it } from 'vitest'
import { temporaryFolder } from '../temporary_folder.ts'

const SCRIPT = fileURLToPath(new URL('../../scripts/wrap_comments.js', import.meta.url))

/** 108 characters, too many behind the marker of a comment. */
const LONG = `${'word '.repeat(20)}eightlet`

let folder = ''

beforeEach(() => {
  folder = temporaryFolder()
})

const words = (count: number): string => 'word '.repeat(count).trimEnd()

it('lets what fits alone', () => {
  const text = `// ${LONG.slice(0, 107)}\nconst a = '${LONG}${LONG}'\n`
  expect(wrap(text)).toBe(text)
})

it('moves what sticks out to the next line of the paragraph', () => {
  expect(wrap(`// ${LONG}\n// and more\n`)).toBe(`// ${words(20)}\n// eightlet and more\n`)
})

it('leaves a usage line on a line of its own', () => {
  const text = `// ${LONG}\n// Usage: node a.js\n`
  expect(wrap(text)).toBe(`// ${words(20)}\n// eightlet\n// Usage: node a.js\n`)
})

it('makes a new line at the end of a paragraph, a list item or the comment', () => {
  const before = `/**\n * ${LONG}\n *\n * - item ${LONG}\n * - other\n * ${LONG}\n */\n`
  const paragraph = ` * ${words(20)}\n * eightlet\n`
  const item = ` * - item ${words(20)}\n *   eightlet\n * - other\n`
  expect(wrap(before)).toBe(`/**\n${paragraph} *\n${item}${paragraph} */\n`)
})

it('opens a doc comment of one line', () => {
  expect(wrap(`  /** ${LONG} */\n`)).toBe(`  /**\n   * ${words(20)}\n   * eightlet\n   */\n`)
})

it('leaves tables and words that are too long', () => {
  const text = `// | ${LONG} |\n// ${'x'.repeat(120)}\n`
  expect(wrap(text)).toBe(text)
})

/** Wraps a file twice. */
function wrap(text: string): string {
  const file = join(folder, 'file.ts')
  writeFileSync(file, text)
  const run = (): string => {
    spawnSync(process.execPath, [SCRIPT, file], { stdio: 'inherit' })
    return readFileSync(file, 'utf8')
  }
  const once = run()
  expect(run()).toBe(once)
  return once
}
