import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { checkGuards } from '../../src/kernel/launch_plan.ts'
import { hl, type Tensor } from '../../src/language/index.ts'
import { UsageError } from '../../src/support/errors.ts'
import { expectRun, host, irOf, ramp, run, traced } from './harness.ts'
import { mistake, thrownBy } from './mistakes.ts'

const FILE = fileURLToPath(import.meta.url)

/** Without the promise, `y` could be longer. */
function addColumns(x: Tensor, y: Tensor): Tensor {
  const [k] = x.shape
  hl.requireEqual(k, y.shape[0]) // the line
  const out = hl.empty([k])
  for (const t of hl.tile(k)) out.at(t).set(x.at(t).add(y.at(t)))
  return out
}

describe('hl.requireEqual', () => {
  it('is a guard of symbolic sizes, before what uses them', () => {
    expect(irOf(addColumns, [ramp([3]), ramp([3])]).match(/guard .*/g)).toEqual([
      'guard x.shape[0] eq y.shape[0]',
      'guard x.shape[0] le y.shape[0]',
    ])
  })

  it('lets equal sizes pass', () => {
    expectRun(addColumns, [host([2], [1, 2]), host([2], [10, 20])], [11, 22])
    expectRun(addColumns, [host([1], [1]), host([1], [10])], [11])
  })

  it('fails a launch with both sizes and the line of the kernel', () => {
    const ir = traced(addColumns, [ramp([3]), ramp([5])])
    const tensors = [{ shape: [3] }, { shape: [5] }]
    const error = thrownBy(() => checkGuards(ir, { tensors }))
    expect(error).toBeInstanceOf(UsageError)
    if (!(error instanceof UsageError)) throw error
    expect(error.what).toBe('k: hl.requireEqual: x.shape[0] = 3 must be equal to y.shape[0] = 5')
    expect(error.remedy).toBe('Check the shapes of the arguments.')
    const line =
      readFileSync(FILE, 'utf8')
        .split('\n')
        .findIndex((text) => text.endsWith('// the line')) + 1
    expect(error.location).toEqual({ file: FILE, line, column: 6 })
  })

  it('compares computed sizes, and sizes with numbers', () => {
    const halves = (x: Tensor, y: Tensor): void => {
      hl.requireEqual(hl.cdiv(x.shape[0], 2), y.shape[0])
      hl.requireEqual(y.shape[0], 3)
      for (const t of hl.tile(y.shape[0])) y.at(t).set(0)
    }
    expect(irOf(halves, [ramp([5]), ramp([3])]).match(/guard .*/g)).toEqual([
      'guard cdiv(x.shape[0], 2) eq y.shape[0]',
      'guard y.shape[0] eq 3',
    ])
    for (const dynamic of [false, true]) {
      expect(() => run(halves, [ramp([5]), ramp([3])], { dynamic })).not.toThrow()
      expect(() => run(halves, [ramp([7]), ramp([3])], { dynamic })).toThrow(/requireEqual/)
      expect(() => run(halves, [ramp([4]), ramp([2])], { dynamic })).toThrow(/requireEqual/)
    }
  })

  it('needs nothing checked for a size and itself', () => {
    const kernel = (x: Tensor): void => {
      hl.requireEqual(x.shape[0], x.shape[0])
      for (const t of hl.tile(x.shape[0])) x.at(t).set(0)
    }
    expect(traced(kernel, [ramp([3])]).guards).toEqual([])
  })

  it('refuses a value that is no size', () => {
    const kernel = (x: Tensor): void => {
      hl.requireEqual(x.shape[0], x.shape[1]) // ✗
    }
    expect(mistake(kernel, [ramp([3])])).toMatchInlineSnapshot(`
      "hl.requireEqual needs an integer size, not undefined
      Sizes are whole numbers or dimensions of tensors."
    `)
    const fraction = (x: Tensor): void => {
      hl.requireEqual(x.shape[0], 1.5) // ✗
    }
    expect(mistake(fraction, [ramp([3])])).toMatchInlineSnapshot(`
      "hl.requireEqual needs an integer size, not 1.5
      Sizes are whole numbers or dimensions of tensors."
    `)
    const argument = (x: Tensor, n: number): void => {
      hl.requireEqual(x.shape[0], n) // ✗
    }
    expect(mistake(argument, [ramp([3]), 3])).toMatchInlineSnapshot(`
      "a number among the arguments is given at launch and unknown while the kernel is traced
      Use it with methods and hl functions, or make it a constant of the specialisation:
        hl.specialize(value)."
    `)
  })
})
