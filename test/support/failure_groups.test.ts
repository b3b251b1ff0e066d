import { expect, it } from 'vitest'
import { failureGroups } from '../../src/support/failure_groups.ts'

it('takes reasons that differ in numbers for one, and puts the commonest first', () => {
  const failed = (status: string, ...reasons: string[]) => reasons.map((reason) => ({ status, reason }))
  const groups = failureGroups([
    ...failed('invalid', 'needs 65536 bytes, 32768 at most', 'needs 131,072 bytes, 32768 at most'),
    { status: 'ok' },
    ...failed('wrong', 'out[3, 1.5] differs', 'out[12, 0.25] differs', 'out[0, 1] differs'),
    ...failed('error', 'needs 1 bytes, 2 at most'),
  ])
  expect(groups).toEqual([
    { status: 'wrong', reason: 'out[3, 1.5] differs', count: 3 },
    { status: 'invalid', reason: 'needs 65536 bytes, 32768 at most', count: 2 },
    { status: 'error', reason: 'needs 1 bytes, 2 at most', count: 1 },
  ])
})
