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
  for (const text of ['shape 1 of 9', 'shape 1 of 9', 'two', '']) line.show(text)
  expect(screen.written).toEqual(['shape 1 o', '<', 'two', '<'])
})

it('makes room for output, and comes back when that ends a line', () => {
  const screen = terminal(true)
  const line = new StatusLine(screen)
  line.show('one')
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
  line.show('one')
  line.erase()
  line.restore('\n')
  expect(screen.written).toEqual([])
})
