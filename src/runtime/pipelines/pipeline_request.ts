/** What a pipeline is made from: shader text and binding layout. A `WgslDispatch` is one. */

export type Access = 'read' | 'read_write'

/** Everything that identifies a pipeline. Structurally a part of `WgslDispatch`. */
export interface PipelineRequest {
  readonly label: string
  readonly wgsl: string
  /** Group 0, binding i. */
  readonly bindings: readonly { readonly access: Access }[]
  /** Only the number of 4-byte words counts here. */
  readonly words: { readonly length: number }
  readonly wordsIn: 'immediate' | 'uniform'
}
