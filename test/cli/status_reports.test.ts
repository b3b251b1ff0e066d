/** Where there is no terminal: a line when something begins, and one every ten seconds while it lasts. */
import { expect, it } from 'vitest'
import { StatusReports } from '../../src/cli/status_reports.ts'

it('says what begins, and from time to time how far it is', () => {
  const said: string[] = []
  let seconds = 0
  const reports = new StatusReports(
    (text) => said.push(`${seconds}: ${text}`),
    () => 1000 * seconds,
  )
  // As it is followed: again and again, changed or not. The second shape tells nothing for long.
  for (; seconds < 60; seconds++) {
    if (seconds === 2) reports.show(undefined)
    else if (seconds < 25)
      reports.show({ work: 'softmax f32[64]', state: `shape 1 of ${seconds < 4 ? 1 : 3}` })
    else reports.show({ work: 'softmax f32[300]', state: '' })
  }
  expect(said).toEqual([
    '0: helion-aot: softmax f32[64] · shape 1 of 1',
    '3: helion-aot: softmax f32[64] · shape 1 of 1',
    '13: helion-aot: softmax f32[64] · 10 s so far · shape 1 of 3',
    '23: helion-aot: softmax f32[64] · 20 s so far · shape 1 of 3',
    '25: helion-aot: softmax f32[300]',
    '35: helion-aot: softmax f32[300] · 10 s so far',
    '45: helion-aot: softmax f32[300] · 20 s so far',
    '55: helion-aot: softmax f32[300] · 30 s so far',
  ])
})
