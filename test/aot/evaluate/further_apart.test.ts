/** What a module makes of further shapes, which count for no goal, is told apart. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../../temporary_folder.ts'
import { native } from './native.ts'
import { byHand, toCsv } from './sweeps.ts'

const { runBuild } = native

test('in its text, messages, summary, evaluation and report', () => {
  const folder = temporaryFolder()
  const save = (name: string, text: string) => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }
  const made = byHand(
    [64, 128, 4096].map((n) => [n, 1]),
    [
      [1, 1.5],
      [1, 1.05],
      [1.5, 1],
    ],
  )
  const weightsFile = save('w.json', '{"shape2": 0}')
  const { exitCode, messages, written, result } = runBuild({
    ...{ measurements: [save('m.csv', toCsv(made))], device: 'dev', singleConfig: true, weightsFile },
  })
  const [built] = result.kernels
  expect(exitCode).toBe(0)
  const further = '1.500 on 1 further shape, 1.50 at most: no goal is about them'
  expect(built?.text).toContain(
    ` * Shapes: 3 (1 of them further ones, measured to learn from), configs measured: 2, kept: 1.\n` +
      ` * Time over best time: 1.000 on these shapes: 1.50 at most with any kept config;\n` +
      ` * fewer than 8 shapes, so none were held out.\n` +
      ` * ${further}.\n`,
  )
  expect(built?.text).toContain('\n  further: { shapes: 1, geomean: 1.5, p95: 1.5, worst: 1.5 },\n')
  expect(messages.join('\n')).toContain(further)
  expect(built?.summary.performance_stats).toMatchObject({ max_slowdown: 1, satisfied_ratio: 1 })
  const evaluation = JSON.parse(readFileSync(written?.evaluation ?? '', 'utf8'))
  expect(evaluation.made).toMatchObject({ max_slowdown: 1, further: { shapes: 1, worst: 1.5 } })
  expect(readFileSync(written?.report ?? '', 'utf8')).toContain('"further":{"shapes":1')
})
