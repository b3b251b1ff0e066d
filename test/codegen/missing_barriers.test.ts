/**
 * The workgroup interpreter sees a missing barrier: of kernels of each kind, every barrier that the compiler
 * places is left out in turn.
 */
import { expect, it } from 'vitest'
import type { Statement } from '../../src/codegen/thread/statements.ts'
import type { ConfigInput } from '../../src/config/config.ts'
import type { KernelFunction } from '../../src/language/trace/trace_kernel.ts'
import { CASES, type CaseName } from '../gpu/cases.ts'
import { argumentsOf } from './case_arguments.ts'
import { OnCpu } from './on_cpu.ts'

interface Row {
  readonly kind: string
  readonly name: CaseName
  readonly config: ConfigInput
  /** What is said of each barrier, in program order, when it is missing. */
  readonly races: readonly string[]
}

const OPERANDS = 'race operand_0, race operand_1'
/** Between the rounds of a loop that store different rows: that they differ is not known when compiling. */
const UNNEEDED = ''

const ROWS: readonly Row[] = [
  {
    kind: 'a product',
    name: 'matmul',
    config: { num_warps: 4, block_sizes: [8, 8, 8] },
    races: [OPERANDS, OPERANDS, 'race operand_1', 'race operand_1'],
  },
  {
    kind: 'a product in two stages, of persistent workgroups',
    name: 'matmul',
    config: { num_warps: 4, block_sizes: [8, 8, 4], num_stages: 2, pid_type: 'persistent_blocked' },
    races: [OPERANDS, OPERANDS, 'race operand_1', 'race operand_1'],
  },
  {
    kind: 'reductions over a looped row',
    name: 'softmax',
    config: { num_warps: 2, reduction_loops: [32] },
    races: ['race partial_0', 'race partial_0', 'race partial_0'],
  },
  {
    kind: 'chained products over loaded ranges',
    name: 'jaggedAttention',
    config: { num_warps: 4, block_sizes: [8, 8] },
    races: [
      'race operand_0',
      ...new Array<string>(5).fill('race operand_1'),
      'race operand_1, race operand_2',
      'race operand_0',
      UNNEEDED,
    ],
  },
  {
    kind: 'two loops over loaded ranges',
    name: 'twoRanges',
    config: { num_warps: 4, block_sizes: [8, 8, 8] },
    races: [OPERANDS, OPERANDS, OPERANDS, OPERANDS],
  },
  {
    kind: 'reductions over loaded ranges',
    name: 'jaggedSoftmax',
    config: { num_warps: 4, block_sizes: [8, 8, 8] },
    races: ['race partial_0', 'race partial_0', 'race partial_0', 'race partial_0', UNNEEDED],
  },
]

it.each(ROWS)('$kind', ({ name, config, races }) => {
  const kernel = new OnCpu(CASES[name].fn as KernelFunction, argumentsOf(name), { subgroupSize: 4 })
  expect(kernel.run(config).reports).toEqual([])
  expect(races.map((_, number) => outcomeWithout(kernel, config, number))).toEqual(races)
  expect(() => outcomeWithout(kernel, config, races.length)).toThrow('no such barrier')
})

/** The kinds and places of what is reported when a barrier is left out. */
function outcomeWithout(kernel: OnCpu, config: ConfigInput, number: number): string {
  const { reports } = kernel.run(config, (program) => ({
    ...program,
    body: withoutBarrier(program.body, number),
  }))
  return [...new Set(reports.map(({ kind, place }) => `${kind} ${place}`))].join(', ')
}

function withoutBarrier(body: readonly Statement[], number: number): readonly Statement[] {
  let seen = 0
  const visit = (statements: readonly Statement[]): readonly Statement[] =>
    statements.flatMap((statement): readonly Statement[] => {
      if (statement.kind === 'barrier' && seen++ === number) return []
      return 'body' in statement ? [{ ...statement, body: visit(statement.body) }] : [statement]
    })
  const changed = visit(body)
  if (seen <= number) throw new Error('no such barrier')
  return changed
}
