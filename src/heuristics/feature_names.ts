/**
 * Names of features: `arg0_dim1`, `arg0_dtype`, `arg2_scalar`, … for arguments of a call, `key_0`, … for the
 * values of a user's `key` function. The one place that makes and reads them.
 */

/** What a feature says of an argument; `dim` has the number of a dimension behind it. */
export type ArgumentFact = 'dim' | 'numel' | 'ndim' | 'dtype' | 'dtype_size' | 'dtype_cat' | 'scalar'

/** A feature of the argument at a position. */
export type ArgumentFeature = { readonly argument: number } & (
  | { readonly what: 'dim'; readonly dim: number }
  | { readonly what: Exclude<ArgumentFact, 'dim'>; readonly dim: undefined }
)

const ARGUMENT = /^arg(\d+)_(?:dim(\d+)|(numel|ndim|dtype|dtype_size|dtype_cat|scalar))$/
const KEY = /^key_(\d+)$/

export function argumentFeature(argument: number, what: 'dim', dim: number): string
export function argumentFeature(argument: number, what: Exclude<ArgumentFact, 'dim'>): string
export function argumentFeature(argument: number, what: ArgumentFact, dim?: number): string {
  return `arg${argument}_${what}${dim ?? ''}`
}

/** What a name says of an argument; undefined for other names. */
export function parseArgumentFeature(name: string): ArgumentFeature | undefined {
  const [, argument, dim, what] = ARGUMENT.exec(name) ?? []
  if (argument === undefined) return undefined
  return dim === undefined
    ? { argument: Number(argument), what: what as Exclude<ArgumentFact, 'dim'>, dim }
    : { argument: Number(argument), what: 'dim', dim: Number(dim) }
}

export function keyFeature(position: number): string {
  return `key_${position}`
}

/** Position among the values of a `key` function; undefined for other names. */
export function parseKeyFeature(name: string): number | undefined {
  const position = KEY.exec(name)?.[1]
  return position === undefined ? undefined : Number(position)
}
