/** The ways to make a kernel, and what it knows of itself. */
import { transformSync } from 'esbuild'
import { describe, expect, it } from 'vitest'
import { hl, type Kernel, kernel, type Tensor, tensor, type zeros } from '../../src/index.ts'

async function numbers(result: Tensor): Promise<readonly number[]> {
  return [...(await (result as ReturnType<typeof zeros>).data())]
}

function scaleBy(x: Tensor, by: number): Tensor {
  const out = hl.emptyLike(x)
  for (const t of hl.tile(x.shape[0])) out.at(t).set(x.at(t).mul(by))
  return out
}

const given = { config: {}, autotuneEffort: 'none' } as const

it('from a function, with options before it, or as a wrapper', async () => {
  for (const scale of [kernel(given, scaleBy), kernel(given)(scaleBy)] as Kernel<typeof scaleBy>[]) {
    expect(scale.name).toBe('scaleBy')
    expect(await numbers(scale(tensor([1, 2]), 3))).toEqual([3, 6])
  }
  expect(kernel(scaleBy).definition.options.own).toEqual({})
})

it('knows its name, its parameters, its place and what it does', () => {
  const { definition } = kernel({ ...given, name: 'scale', source: 'file:///some/where/scale.ts' }, scaleBy)
  expect(definition).toMatchObject({
    name: 'scale',
    parameters: ['x', 'by'],
    isMethod: false,
    sourceFile: '/some/where/scale.ts',
    sourceHash: kernel(scaleBy).definition.sourceHashAs('scale'),
  })
  expect(definition.location?.file).toMatch(/test\/kernel\/factory\.test\.ts$/)
  expect(kernel(scaleBy).definition.sourceFile).toBe(definition.location?.file)
})

it('arrow functions, default values and destructured parameters', async () => {
  const add = kernel({ ...given, name: 'add' }, (x: Tensor, { by }: { readonly by: number }, scale = 2) => {
    const out = hl.emptyLike(x)
    for (const t of hl.tile(x.shape[0])) out.at(t).set(x.at(t).mul(scale).add(by))
    return out
  })
  expect(add.definition.parameters).toEqual(['x', 'arg1', 'scale'])
  expect(await numbers(add(tensor([1, 2]), { by: 10 }))).toEqual([12, 14])
  expect(await numbers(add(tensor([1, 2]), { by: 10 }, 3))).toEqual([13, 16])
})

describe('methods', () => {
  const traced: number[] = []
  const source = `export class Scaler {
    constructor(factor) {
      this.factor = factor
    }
    @kernel(given)
    scale(x) {
      traced.push(this.factor)
      return scaleBy(x, this.factor)
    }
  }`
  const { code } = transformSync(source, { target: 'es2022', format: 'iife', globalName: 'made' })
  type Method = (x: Tensor) => Tensor
  type Scaler = new (factor: number) => { readonly scale: Kernel<Method> }
  const compiled = new Function('kernel', 'given', 'traced', 'scaleBy', `${code}; return made.Scaler`)
  const Scaler: Scaler = compiled(kernel, given, traced, scaleBy)

  it('see the object that they are called on, which has its own bindings', async () => {
    const [two, three] = [new Scaler(2), new Scaler(3)]
    const x = tensor([1, 2])
    for (const { scaler, result } of [
      { scaler: two, result: [2, 4] },
      { scaler: three, result: [3, 6] },
      { scaler: two, result: [2, 4] },
    ]) {
      expect(await numbers(scaler.scale(x))).toEqual(result)
    }
    expect(traced).toEqual([2, 3])
    expect(two.scale).toBe(three.scale)
    expect(two.scale.definition).toMatchObject({ name: 'scale', isMethod: true, parameters: ['x'] })
  })
})
