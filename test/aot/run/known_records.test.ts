/** What a run knows already, and what makes it forget. */
import { describe, expect, it } from 'vitest'
import { readRecords } from '../../../src/aot/records.ts'
import { KnownRecords, sameRecord } from '../../../src/aot/run/known_records.ts'
import { sha16 } from '../../../src/support/stable.ts'
import { failure, kernelRecord, measured, RUN, shapeHash, tuned } from './records_for_tests.ts'

const FAST = { num_warps: 8 }

describe('KnownRecords', () => {
  it('knows a kernel at the end of the longest path that systems have', () => {
    const record = { ...kernelRecord('add'), source_file: `/${'x'.repeat(4000)}.ts` }
    const { records, problems } = readRecords([JSON.stringify(RUN), JSON.stringify(record)], 'records.jsonl')
    expect(problems).toEqual([])
    expect(new KnownRecords(records).kernel('add')?.source_file).toBe(record.source_file)
  })

  it('finds tuned shapes and measured cells', () => {
    const known = new KnownRecords([
      RUN,
      kernelRecord('add'),
      tuned('add', 64, FAST),
      measured('add', 64, FAST, 1),
      measured('add', 64, {}, null),
    ])
    expect(known.run).toEqual(RUN)
    expect(known.kernels).toEqual(['add'])
    expect(known.tuned('add')).toHaveLength(1)
    expect(known.tunedShape('add', shapeHash('add', 64))?.config).toEqual(FAST)
    expect(known.tunedShape('add', shapeHash('add', 65))).toBeUndefined()
    const cells = known.measured('add', shapeHash('add', 64))
    expect([...cells.keys()]).toEqual([sha16(FAST), sha16({})])
    expect(known.measured('mul', 'x').size).toBe(0)
  })

  it('forgets results of another version of the kernel, and of that kernel only', () => {
    const before = [kernelRecord('add'), tuned('add', 64, FAST), measured('add', 64, FAST, 1)]
    const other = [kernelRecord('mul'), tuned('mul', 64, FAST)]
    const known = new KnownRecords([...before, ...other, kernelRecord('add', 'v2')])
    expect(known.tuned('add')).toEqual([])
    expect(known.measuredShapes('add')).toEqual([])
    expect(known.tuned('mul')).toHaveLength(1)
  })

  it('keeps results when the same version is registered again', () => {
    const known = new KnownRecords([kernelRecord('add'), tuned('add', 64, FAST), kernelRecord('add')])
    expect(known.tuned('add')).toHaveLength(1)
  })

  it('takes first times for settled once others of the shape were timed in turns', () => {
    const known = new KnownRecords([kernelRecord('add')])
    const round = (config: object, value: 'first' | 'turns') =>
      known.add({ ...measured('add', 64, config as never, 1), round: value })
    round(FAST, 'first')
    round({}, 'first')
    round(FAST, 'turns')
    round({ num_warps: 1 }, 'first')
    const cells = [...known.measured('add', shapeHash('add', 64)).values()]
    expect(cells.map((cell) => cell.round)).toEqual(['turns', undefined, 'first'])
  })

  it('knows failures until the shape succeeds', () => {
    const known = new KnownRecords([failure('add', 64, 'collect'), failure('add', 64, 'measure')])
    expect(known.failures('add').map(({ phase }) => phase)).toEqual(['collect', 'measure'])
    known.add(tuned('add', 64, FAST))
    expect(known.failures('add').map(({ phase }) => phase)).toEqual(['measure'])
    known.add(measured('add', 64, FAST, 1))
    expect(known.failures('add')).toEqual([])
  })
})

it('sameRecord compares contents, whatever their order, without some fields', () => {
  const again = { ...RUN, started_at: 'later' }
  expect(sameRecord(RUN, Object.fromEntries(Object.entries(RUN).reverse()))).toBe(true)
  expect(sameRecord(RUN, again)).toBe(false)
  expect(sameRecord(RUN, again, ['started_at'])).toBe(true)
  expect(sameRecord(undefined, RUN)).toBe(false)
})
