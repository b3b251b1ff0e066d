/** Shapes for people. */
import { argumentFeature, parseArgumentFeature } from '../../../heuristics/feature_names.ts'

/** A shape as its sizes: `16×2048, 2048×512 f16`; other features by name. */
export function shapeName(features: Readonly<Record<string, number | string>>): string {
  const args = new Map<number, number[]>()
  const others: string[] = []
  for (const [name, value] of Object.entries(features)) {
    const feature = parseArgumentFeature(name)
    if (!feature || feature.what === 'scalar') others.push(`${name}=${value}`)
    if (feature?.dim === undefined) continue
    const sizes = args.get(feature.argument) ?? []
    args.set(feature.argument, sizes)
    sizes[feature.dim] = Number(value)
  }
  const tensors = [...args].map(([arg, sizes]) => {
    const dtype = String(features[argumentFeature(arg, 'dtype')] ?? '').replace(/^torch\./, '')
    return `${Array.from(sizes, (size) => size ?? '·').join('×')}${dtype ? ` ${dtype}` : ''}`
  })
  return [...tensors, ...others].join(', ')
}
