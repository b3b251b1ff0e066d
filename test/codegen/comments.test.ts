/** What comes from outside into a comment stays in it. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { fileName } from '../../src/codegen/thread/names.ts'
import { printStatements } from '../../src/codegen/wgsl/print_statements.ts'

/** What WGSL takes for the end of a line. */
const ENDS = /[\n\v\f\r\u0085\u2028\u2029]/

const texts = fc.array(
  fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('\n', '\r\n', '\u0085', '\u2028', '\v', '\0')),
)

it('a comment is one line, whatever the path of the kernel holds', () => {
  fc.assert(
    fc.property(texts, (parts) => {
      const lines = printStatements([{ kind: 'comment', text: parts.join('') }], 1)
      expect(lines).toHaveLength(1)
      expect(lines[0]).toMatch(/^ {2}\/\/ /)
      expect(lines[0]).not.toMatch(ENDS)
      expect(lines[0]).not.toContain('\0')
    }),
  )
})

it('the name of a file is the last part of its path, also below folders of any name', () => {
  expect(fileName('/a\nb/c\\d/kernel.ts')).toBe('kernel.ts')
})
