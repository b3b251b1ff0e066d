/** Extensions and helper functions are declared for what the text does, not for what it looks like. */
import { describe, expect, it } from 'vitest'
import { hl, type Tensor } from '../../src/language/index.ts'
import { ramp } from '../language/harness.ts'
import { throughHalf, twice, vec4h } from './attn_4h.ts'
import { Compiled } from './compiling.ts'

function textOf(compiled: Compiled): string {
  const { dispatches } = compiled.program({}, { originLines: true })
  return dispatches.map(({ wgsl }) => wgsl).join('\n')
}

function functionsIn(text: string): readonly string[] {
  return [...text.matchAll(/^fn (\w+)/gm)].map(([, name = '']) => name)
}

describe('enable f16', () => {
  it('is not for comments that name a file', () => {
    const text = textOf(new Compiled(twice, [ramp([64])]))
    expect(text).toContain('// attn_4h.ts:6')
    expect(text).not.toContain('enable')
  })

  it('nor for names of tensors and kernels', () => {
    expect(textOf(new Compiled(vec4h, [ramp([64])]))).not.toContain('enable')
  })

  it('is for tensors of f16, and for values on the way', () => {
    expect(textOf(new Compiled(twice, [ramp([64], 'f16')]))).toMatch(/^enable f16;/)
    expect(textOf(new Compiled(throughHalf, [ramp([64])]))).toMatch(/^enable f16;/)
  })
})

describe('helper functions', () => {
  it('are those that are called, each once, after what they call', () => {
    const kernel = (x: Tensor, n: Tensor): Tensor => {
      const out = hl.emptyLike(x)
      for (const t of hl.tile(x.shape[0])) {
        const p = x.at(t).pow(2.5)
        out.at(t).set(p.add(x.at(t).add(1).pow(0.5)).add(n.at(t).mod(3)).minimum(Number.POSITIVE_INFINITY))
      }
      return out
    }
    const compiled = new Compiled(kernel, [ramp([64]), ramp([64], 'i32')])
    const functions = functionsIn(compiled.wgsl({ block_sizes: [32], num_warps: 1, indexing: 'pointer' }))
    expect(functions).toEqual(['not_a_number', 'infinity', 'pow_f32', 'floor_div_i32', 'main'])
  })

  it('are not those that a name looks like', () => {
    expect(functionsIn(textOf(new Compiled(vec4h, [ramp([64])])))).toEqual(['infinity', 'main'])
  })
})
