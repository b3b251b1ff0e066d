/**
 * A new type of elements is a row of the table of storage types: outside of it nobody asks whether a type is
 * one of those that only some devices, or only memory, have. Comparisons and switches over their names are
 * questions to the table.
 */
import { type Expression, Visitor } from 'oxc-parser'
import { DTYPES } from '../../src/support/dtypes.ts'
import { isPacked, STORAGE, type StorageType } from '../../src/support/storage_types.ts'
import type { Gate } from './gate.ts'
import { lineOf, parse, readSources } from './source_files.ts'

/** Types that are not there everywhere, in registers. */
const RARE: ReadonlySet<string> = new Set(
  (Object.keys(STORAGE) as StorageType[]).filter(
    (dtype) => isPacked(dtype) || DTYPES[dtype].extension !== undefined,
  ),
)

export const storageTypes: Gate = {
  name: 'storage_types',
  check(root) {
    const files = readSources(root, ['src'])
    const problems = files.flatMap((file) => {
      const found: string[] = []
      const check = (node: Expression | null): void => {
        if (node?.type === 'Literal' && RARE.has(String(node.value)))
          found.push(`${file.path}:${lineOf(file.text, node.start)} asks for ${node.value} by its name`)
      }
      new Visitor({
        BinaryExpression({ left, right }) {
          check(left)
          check(right)
        },
        SwitchCase({ test }) {
          check(test)
        },
      }).visit(parse(file).program)
      return found
    })
    return { checked: files.length, problems }
  },
}
