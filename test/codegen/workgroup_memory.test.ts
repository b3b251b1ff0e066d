/** Arrays in workgroup memory: when they share space, and where barriers stand. */
import { describe, expect, it } from 'vitest'
import { WorkgroupMemory } from '../../src/codegen/workgroup_memory.ts'
import { Writer } from '../../src/codegen/writer.ts'
import { ConfigError } from '../../src/support/errors.ts'

/** Runs `use` and gives its lines, without indentation; `b` stands for a barrier. */
function lines(use: (memory: WorkgroupMemory, out: Writer) => void): readonly string[] {
  const out = new Writer()
  use(new WorkgroupMemory(out), out)
  return out.text.split('\n').flatMap((line) => {
    const text = line.trim()
    return text === '' ? [] : [text === 'workgroupBarrier();' ? 'b' : text]
  })
}

describe('barriers', () => {
  it('stand between writes and reads by others, and between reads and the next writes', () => {
    expect(
      lines((memory, out) => {
        const a = memory.allocate('a', 'f32', 4, 8)
        for (const round of [1, 2]) {
          memory.beforeWrite(a)
          out.line(`write ${round}`)
          memory.beforeRead(a)
          out.line(`read ${round}`)
        }
      }),
    ).toEqual(['write 1', 'b', 'read 1', 'b', 'write 2', 'b', 'read 2'])
  })

  it('serve all arrays at once', () => {
    expect(
      lines((memory, out) => {
        const [a, b] = [memory.allocate('a', 'f32', 4, 8), memory.allocate('b', 'f32', 4, 8)]
        memory.beforeWrite(a, b)
        out.line('write a, b')
        memory.beforeRead(a)
        out.line('read a')
        memory.beforeRead(b)
        out.line('read b')
      }),
    ).toEqual(['write a, b', 'b', 'read a', 'read b'])
  })

  it('are not needed for what nobody else has touched', () => {
    expect(
      lines((memory, out) => {
        const [a, b] = [memory.allocate('a', 'f32', 4, 8), memory.allocate('b', 'f32', 4, 8)]
        memory.beforeWrite(a)
        memory.beforeRead(a)
        memory.beforeWrite(b)
        out.line('write b')
      }),
    ).toEqual(['b', 'write b'])
  })

  it.each(['before it', 'in it'])('are needed in a loop for an array from %s', (where) => {
    expect(
      lines((memory, out) => {
        const outer = where === 'before it' ? memory.allocate('a', 'f32', 4, 8) : undefined
        out.block('loop', () =>
          memory.inLoop(() => {
            const array = outer ?? memory.allocate('a', 'f32', 4, 8)
            memory.beforeWrite(array)
            out.line('write')
            memory.beforeRead(array)
            out.line('read')
          }),
        )
      }),
    ).toEqual(['loop {', 'b', 'write', 'b', 'read', '}'])
  })

  it('inside a branch, or a loop without rounds, may not have happened', () => {
    expect(
      lines((memory, out) => {
        const [a, b] = [memory.allocate('a', 'f32', 4, 8), memory.allocate('b', 'f32', 4, 8)]
        memory.beforeWrite(a)
        out.block('if', () =>
          memory.inBranch(() => {
            memory.beforeWrite(b)
            memory.beforeRead(b)
            out.line('read b')
          }),
        )
        memory.beforeRead(a)
        out.line('read a')
      }),
    ).toEqual(['if {', 'b', 'read b', '}', 'b', 'read a'])
    expect(
      lines((memory, out) => {
        const [a, b] = [memory.allocate('a', 'f32', 4, 8), memory.allocate('b', 'f32', 4, 8)]
        memory.beforeRead(a)
        out.block('if', () =>
          memory.inBranch(() => {
            memory.beforeWrite(b)
            memory.beforeRead(b)
          }),
        )
        memory.beforeWrite(a)
        out.line('write a')
      }),
    ).toEqual(['if {', 'b', '}', 'b', 'write a'])
  })
})

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

  it('that was read waits for a barrier before it is written as another array', () => {
    expect(
      lines((memory, out) => {
        const first = memory.allocate('first', 'f32', 4, 8)
        memory.beforeWrite(first)
        memory.beforeRead(first)
        memory.release(first)
        memory.beforeWrite(memory.allocate('second', 'f32', 4, 8))
        out.line('write second')
      }),
    ).toEqual(['b', 'b', 'write second'])
  })

  it('beyond what the device has is refused', () => {
    const memory = new WorkgroupMemory(new Writer())
    memory.allocate('a', 'f32', 4, 100)
    expect(memory.declarations(400)).toHaveLength(1)
    expect(() => memory.declarations(399)).toThrow(
      new ConfigError('the config needs 400 bytes of workgroup memory; the device has 399', {
        remedy: 'Choose smaller block_sizes.',
      }),
    )
  })
})
