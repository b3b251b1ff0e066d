/** Ranges lie within the rules of their fields, however long rows are and whatever the device takes. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { ConfigSpec } from '../../src/config/config_spec.ts'
import type { ConfigSpecInput } from '../../src/config/spec_input.ts'
import { ConfigError } from '../../src/support/errors.ts'
import { Random } from '../../src/support/random.ts'
import { matmulInput, rowInput, streamInput } from './spec_inputs.ts'

const size = fc.oneof(
  fc.integer({ min: 1, max: 2 ** 31 }),
  fc.integer({ min: 0, max: 31 }).map((bits) => 2 ** bits),
)
const device = fc.record({
  maxInvocations: fc.constantFrom(32, 128, 256, 1000, 1024, 2048, 65_536),
  software: fc.boolean(),
  computeUnits: fc.constantFrom(1, 16, 132, 10_000),
})

/** Rows that workgroups may share out. */
const splitRow = (of: number, parts: number): ConfigSpecInput => ({
  ...rowInput(of, 1),
  sums: [{ id: 1, grid: [0], positions: of, maxParts: parts }],
})

const input = fc.oneof(
  fc.tuple(size, size, size).map(([m, n, k]) => matmulInput(m, n, k)),
  fc.tuple(size, size).map(([n, rows]) => rowInput(n, rows)),
  fc.tuple(size, fc.constantFrom(1, 2, 1024)).map(([n, parts]) => splitRow(n, parts)),
  size.map(streamInput),
)

/** Takes chunks of rows of at most so many elements, and refuses the rest for its registers. */
const within =
  (limit: number) =>
  ({ reductionLoops }: { readonly reductionLoops: readonly (number | null)[] }): ConfigError | undefined => {
    const longest = Math.max(0, ...reductionLoops.map((chunk) => chunk ?? Number.POSITIVE_INFINITY))
    if (longest <= limit) return undefined
    return new ConfigError('too long', { excess: { of: 'registers', needed: longest, limit } })
  }

it('every default, and whatever a search makes, is a config', () => {
  fc.assert(
    fc.property(input, device, fc.nat(), (kernel, limits, seed) => {
      const spec = new ConfigSpec({ ...kernel, ...limits })
      const random = new Random(seed)
      const draws = Array.from({ length: 10 }, () =>
        Object.fromEntries(spec.slots.map(({ field, fragment }) => [field, fragment.random(random)])),
      )
      for (const data of [spec.defaultConfig(), ...spec.guesses(), ...draws])
        expect(spec.normalize(spec.normalize(data, 'repair'), 'strict').data).toBeDefined()
      for (const { fragment } of spec.slots)
        for (const far of fragment.neighbors(fragment.default, 40)) expect(fragment.contains(far)).toBe(true)
    }),
    { numRuns: 100, seed: 1 },
  )
})

it('a row that does not fit is streamed in chunks that do, however long it is', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2048, max: 2 ** 31 }), fc.constantFrom(16, 1024), (n, limit) => {
      const row = { id: 1, name: 'row', size: n, canLoop: true, maxPersistent: 2 ** 31 }
      const spec = new ConfigSpec({ ...rowInput(n), rows: [row] }, within(limit))
      const [chunk] = spec.defaultConfig().reductionLoops
      expect(chunk).toBeLessThanOrEqual(limit)
    }),
    { numRuns: 100, seed: 1 },
  )
})
