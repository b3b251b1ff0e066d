/** Arrays in workgroup memory: when they share space. */
import { describe, expect, it } from 'vitest'
import { WorkgroupMemory } from '../../src/codegen/workgroup_memory.ts'
import { Writer } from '../../src/codegen/writer.ts'
import { ConfigError } from '../../src/support/errors.ts'

describe('space', () => {
  it('is used again by arrays of the same type, which keeps the larger length', () => {
    const memory = new WorkgroupMemory(new Writer())
    const first = memory.allocate('first', 'vec4f', 16, 10)
    memory.release(first)
    const second = memory.allocate('second', 'vec4f', 16, 20)
    expect(second).toBe(first)
    const other = memory.allocate('other', 'vec2f', 8, 3)
    expect(other).not.toBe(first)
    expect(memory.allocate('third', 'vec4f', 16, 5)).not.toBe(first)
    expect(memory.bytes).toBe(16 * 20 + 8 * 3 + 16 * 5)
    expect(memory.declarations(1000)).toEqual([
      'var<workgroup> first_0: array<vec4f, 20>;',
      'var<workgroup> other_0: array<vec2f, 3>;',
      'var<workgroup> third_0: array<vec4f, 5>;',
    ])
  })

  it('beyond what the device has is refused', () => {
    const memory = new WorkgroupMemory(new Writer())
    memory.allocate('a', 'f32', 4, 100)
    expect(memory.declarations(400)).toHaveLength(1)
    expect(() => memory.declarations(399)).toThrow(
      new ConfigError('the config needs 400 bytes of workgroup memory; the device has 399', {
        excess: { of: 'workgroup bytes', needed: 400, limit: 399 },
      }),
    )
  })
})
