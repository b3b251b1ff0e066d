/** A line that is drawn anew, and out of the way of other output. */
import { expect, it } from 'vitest'
import { StatusLine } from '../../src/cli/status_line.ts'

function terminal(isTTY: boolean) {
  const written: string[] = []
  return {
    isTTY,
    columns: 10,
    written,
    write: (text: string) => written.push(text.replace('\r\u001b[K', '<')),
  }
}

it('is drawn at the width of the terminal, and replaced', () => {
  const screen = terminal(true)
  const line = new StatusLine(screen)
  const long = { work: 'softmax', state: 'shape 1 of 9' }
  for (const status of [long, long, { work: 'two', state: '' }, undefined]) line.show(status)
  expect(screen.written).toEqual(['softmax ·', '<', 'two', '<'])
})

it('makes room for output, and comes back when that ends a line', () => {
  const screen = terminal(true)
  const line = new StatusLine(screen)
  line.show({ work: 'one', state: '' })
  for (const output of ['half', ' a line\n']) {
    line.erase()
    screen.write(output)
    line.restore(output)
  }
  expect(screen.written).toEqual(['one', '<', 'half', ' a line\n', 'one'])
})

it('is nothing where there is no terminal', () => {
  const screen = terminal(false)
  const line = new StatusLine(screen)
  line.show({ work: 'one', state: '' })
  line.erase()
  line.restore('\n')
  expect(screen.written).toEqual([])
})
