/** Shapes for people. */

/** A shape as its sizes: `16×2048, 2048×512 f16`; other features by name. */
export function shapeName(features: Readonly<Record<string, number | string>>): string {
  const args = new Map<string, number[]>()
  for (const [name, value] of Object.entries(features)) {
    const [, arg, dim] = /^(arg\d+)_dim(\d+)$/.exec(name) ?? []
    if (arg === undefined) continue
    const sizes = args.get(arg) ?? []
    args.set(arg, sizes)
    sizes[Number(dim)] = Number(value)
  }
  const tensors = [...args].map(([arg, sizes]) => {
    const dtype = String(features[`${arg}_dtype`] ?? '').replace(/^torch\./, '')
    return `${Array.from(sizes, (size) => size ?? '·').join('×')}${dtype ? ` ${dtype}` : ''}`
  })
  const others = Object.entries(features)
    .filter(([name]) => /_scalar$/.test(name) || !/^arg\d+_/.test(name))
    .map(([name, value]) => `${name}=${value}`)
  return [...tensors, ...others].join(', ')
}
