/**
 * Binding layouts, shared by all pipelines with the same accesses and launch words, and a bounded cache of
 * bind groups in each. A group disappears with the first of its buffers.
 */
import { UsageError } from '../../support/errors.ts'
import { COMPUTE_STAGE } from '../adapter/gpu_flags.ts'
import type { Block } from '../memory/buffer_pool.ts'
import type { Access, PipelineRequest } from './pipeline_request.ts'

/** Groups kept for one layout. */
const MAX_GROUPS = 512

export interface BindLayout {
  readonly accesses: readonly Access[]
  /** Bytes of the uniform block at the next binding, 0 without one. */
  readonly uniformBytes: number
  readonly groupLayout: GPUBindGroupLayout
  readonly pipelineLayout: GPUPipelineLayout
  /** By the ids of the blocks. */
  readonly groups: Map<string, GPUBindGroup>
}

export class BindGroups {
  readonly #gpu: GPUDevice
  readonly #uniforms: GPUBuffer
  readonly #layouts = new Map<string, BindLayout>()
  readonly #users = new Map<number, Map<BindLayout, Set<string>>>()

  /** `uniforms` holds the launch words of layouts that have them in a uniform buffer. */
  constructor(gpu: GPUDevice, uniforms: GPUBuffer) {
    this.#gpu = gpu
    this.#uniforms = uniforms
  }

  layout(request: PipelineRequest): BindLayout {
    const accesses = request.bindings.map(({ access }) => access)
    const words = request.words.length
    const key = `${accesses.join()};${request.wordsIn};${words}`
    const layout = this.#layouts.get(key) ?? this.#makeLayout(accesses, words, request.wordsIn)
    this.#layouts.set(key, layout)
    return layout
  }

  /** The group for these blocks, by binding. Throws UsageError when a written block is bound twice. */
  group(layout: BindLayout, blocks: readonly Block[]): GPUBindGroup {
    let key = ''
    for (const block of blocks) key += `${block.id},`
    return layout.groups.get(key) ?? this.#makeGroup(layout, blocks, key)
  }

  /** Forgets all groups that hold the block. */
  drop(blockId: number): void {
    for (const [layout, keys] of this.#users.get(blockId) ?? [])
      for (const key of keys) layout.groups.delete(key)
    this.#users.delete(blockId)
  }

  #makeLayout(accesses: readonly Access[], words: number, wordsIn: 'immediate' | 'uniform'): BindLayout {
    const inUniform = wordsIn === 'uniform' && words > 0
    const uniformBytes = inUniform ? Math.ceil(words / 4) * 16 : 0
    const entries = accesses.map((access, binding): GPUBindGroupLayoutEntry => {
      const type = access === 'read' ? 'read-only-storage' : 'storage'
      return { binding, visibility: COMPUTE_STAGE, buffer: { type } }
    })
    if (inUniform)
      entries.push({
        binding: entries.length,
        visibility: COMPUTE_STAGE,
        buffer: { type: 'uniform', hasDynamicOffset: true, minBindingSize: uniformBytes },
      })
    const groupLayout = this.#gpu.createBindGroupLayout({ entries })
    const immediateSize = wordsIn === 'immediate' ? words * 4 : 0
    const pipelineLayout = this.#gpu.createPipelineLayout({
      bindGroupLayouts: [groupLayout],
      ...(immediateSize > 0 ? { immediateSize } : {}),
    })
    return { accesses, uniformBytes, groupLayout, pipelineLayout, groups: new Map() }
  }

  #makeGroup(layout: BindLayout, blocks: readonly Block[], key: string): GPUBindGroup {
    checkBlocks(layout.accesses, blocks)
    const entries = blocks.map(
      ({ buffer }, binding): GPUBindGroupEntry => ({ binding, resource: { buffer } }),
    )
    if (layout.uniformBytes > 0)
      entries.push({
        binding: entries.length,
        resource: { buffer: this.#uniforms, size: layout.uniformBytes },
      })
    const group = this.#gpu.createBindGroup({ layout: layout.groupLayout, entries })
    if (layout.groups.size >= MAX_GROUPS) dropOldest(layout.groups)
    layout.groups.set(key, group)
    for (const { id } of blocks) this.#remember(id, layout, key)
    return group
  }

  #remember(blockId: number, layout: BindLayout, key: string): void {
    const users = this.#users.get(blockId) ?? new Map<BindLayout, Set<string>>()
    this.#users.set(blockId, users)
    users.set(layout, (users.get(layout) ?? new Set<string>()).add(key))
  }
}

function checkBlocks(accesses: readonly Access[], blocks: readonly Block[]): void {
  if (accesses.length !== blocks.length)
    throw new Error(`${blocks.length} buffers for ${accesses.length} bindings`)
  const written = new Set(blocks.filter((_, i) => accesses[i] === 'read_write').map(({ id }) => id))
  for (const [i, { id }] of blocks.entries()) {
    const first = blocks.findIndex((block) => block.id === id)
    if (first !== i && written.has(id))
      throw new UsageError(
        `The same tensor is bound twice (as ${first} and ${i}), and the kernel writes to it`,
        {
          remedy: 'Pass a copy of it for one of the two arguments, or take it once and write to it in place.',
        },
      )
  }
}

function dropOldest(groups: Map<string, GPUBindGroup>): void {
  for (const key of groups.keys()) {
    groups.delete(key)
    return
  }
}
