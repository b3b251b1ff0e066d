/** Work after the present task, in Node and with what browsers have. */
import { afterEach, expect, it, vi } from 'vitest'

afterEach(() => {
  vi.unstubAllGlobals()
  vi.resetModules()
})

it.each(['Node', 'a browser'])('runs after all microtasks of the present task, in %s', async (where) => {
  if (where === 'a browser') vi.stubGlobal('setImmediate', undefined)
  vi.resetModules()
  const { soon } = await import('../../src/support/macrotask.ts')
  const order: string[] = []
  const done = new Promise<void>((resolve) => {
    soon(() => {
      order.push('soon')
      resolve()
    })
  })
  for (let i = 0; i < 10; i++) await Promise.resolve()
  order.push('microtasks')
  await done
  expect(order).toEqual(['microtasks', 'soon'])
})
