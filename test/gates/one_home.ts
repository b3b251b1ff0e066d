/** Gates for what may stand in one file of `src` alone, and in a few others that say why. */
import { Visitor, type VisitorObject } from 'oxc-parser'
import type { Gate } from './gate.ts'
import { lineOf, parse, readSources, type SourceFile } from './source_files.ts'

export interface Home {
  readonly name: string
  readonly home: string
  /** Other files that may have it, each with the reason. */
  readonly others: Readonly<Record<string, string>>
  /** Finds it in a program; `report` takes where it begins, and what is said of it. */
  readonly visitor: (report: (start: number, what: string) => void) => VisitorObject
}

export function oneHome({ name, home, others, visitor }: Home): Gate {
  function problemsOf(file: SourceFile): string[] {
    if (file.path === home || file.path in others) return []
    const problems: string[] = []
    const report = (start: number, what: string): void => {
      problems.push(`${file.path}:${lineOf(file.text, start)} ${what} in ${home}`)
    }
    new Visitor(visitor(report)).visit(parse(file).program)
    return problems
  }
  return {
    name,
    check(root) {
      const files = readSources(root, ['src'])
      return { checked: files.length, problems: files.flatMap(problemsOf) }
    },
  }
}
