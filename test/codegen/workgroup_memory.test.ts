/** Arrays in workgroup memory: when they share space. */
import { describe, expect, it } from 'vitest'
import { WorkgroupMemory } from '../../src/codegen/state/workgroup_memory.ts'
import { typeOf } from '../../src/codegen/thread/types.ts'
import { Writer } from '../../src/codegen/thread/writer.ts'
import { ConfigError } from '../../src/support/errors.ts'

const VEC4 = typeOf('f32', 4)

describe('space', () => {
  it('is used again by arrays of the same type, which keeps the larger length', () => {
    const memory = new WorkgroupMemory(new Writer())
    const first = memory.allocate('first', VEC4, 10)
    memory.release(first)
    const second = memory.allocate('second', VEC4, 20)
    expect(second).toBe(first)
    const other = memory.allocate('other', typeOf('f32', 2), 3)
    expect(other).not.toBe(first)
    expect(memory.allocate('third', VEC4, 5)).not.toBe(first)
    expect(memory.bytes).toBe(16 * 20 + 8 * 3 + 16 * 5)
    expect(memory.list.map(({ array, length }) => [array.name, length])).toEqual([
      ['first_0', 20],
      ['other_0', 3],
      ['third_0', 5],
    ])
  })

  it('holds truth values as words, beside other words', () => {
    const memory = new WorkgroupMemory(new Writer())
    memory.release(memory.allocate('flags', typeOf('bool', 1), 4))
    expect(memory.allocate('counts', typeOf('u32', 1), 2).name).toBe('flags_0')
    expect(memory.bytes).toBe(16)
  })

  it('beyond what the device has is refused', () => {
    const memory = new WorkgroupMemory(new Writer())
    memory.allocate('a', typeOf('f32', 1), 100)
    expect(() => memory.check(400)).not.toThrow()
    expect(() => memory.check(399)).toThrow(
      new ConfigError('the config needs 400 bytes of workgroup memory; the device has 399', {
        excess: { of: 'workgroup bytes', needed: 400, limit: 399 },
      }),
    )
  })
})
