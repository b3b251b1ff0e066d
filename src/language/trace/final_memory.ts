/**
 * The tensors of a traced kernel in the order that launches want: those of the caller, those that it returns,
 * and scratch memory, which nobody sees.
 */
import { dependsOnConfig } from '../../ir/block_sizes.ts'
import { type ReturnTree, returnedTensors, type TensorInfo, type TensorView } from '../../ir/kernel_ir.ts'
import type { Prints } from '../../ir/prints.ts'
import { printSize } from '../../ir/size.ts'
import { AuthorError } from '../../support/errors.ts'
import type { Trace } from './trace.ts'

export interface FinalMemory {
  readonly tensors: readonly TensorInfo[]
  readonly views: readonly TensorView[]
  readonly returns: ReturnTree
  readonly prints: Prints | undefined
  /** The final number of what a load or store names. */
  readonly idOf: (id: number) => number
}

export function finalMemory(trace: Trace, returns: ReturnTree, prints: Prints | undefined): FinalMemory {
  const returned = new Set(returnedTensors(returns))
  for (const id of returned) requireKnownShape(trace, id)
  if (prints) for (const id of [prints.count, prints.words]) returned.add(id)
  const place = ({ role, id }: TensorInfo): number => (role === 'argument' ? 0 : returned.has(id) ? 1 : 2)
  const inMemory = trace.tensors.filter(({ id }) => !trace.made?.isLeftOut(id))
  const ordered = inMemory.sort((a, b) => place(a) - place(b) || a.id - b.id)
  const numbers = new Map(ordered.map(({ id }, number) => [id, number]))
  const tensorId = (id: number): number => numbers.get(id) ?? id
  const tensors = ordered.map((info): TensorInfo => {
    const id = tensorId(info.id)
    if (info.role === 'argument') return { ...info, id }
    return { ...info, id, role: place(info) === 2 ? 'scratch' : 'local' }
  })
  const views = trace.views.map((view) => ({ ...view, tensor: tensorId(view.tensor) }))
  const idOf = (id: number): number => {
    const view = trace.viewNumber(id)
    return view === undefined ? tensorId(id) : tensors.length + view
  }
  return {
    tensors,
    views,
    returns: renumbered(returns, tensorId),
    prints: prints && { ...prints, count: tensorId(prints.count), words: tensorId(prints.words) },
    idOf,
  }
}

/** Callers get tensors before the config is chosen. */
function requireKnownShape(trace: Trace, id: number): void {
  const decided = trace.tensors[id]?.shape.find(dependsOnConfig)
  if (decided === undefined) return
  throw new AuthorError(
    `the kernel ${trace.name} returns a tensor with a dimension of ${printSize(decided)}, ` +
      'which the config decides',
    {
      location: trace.allocations.get(id)?.(),
      remedy:
        'Its caller gets it before the config is chosen. Put together in another loop what its tiles left.',
    },
  )
}

function renumbered(tree: ReturnTree, idOf: (id: number) => number): ReturnTree {
  switch (tree.kind) {
    case 'tensor':
      return { ...tree, tensor: idOf(tree.tensor) }
    case 'list':
      return { ...tree, items: tree.items.map((item) => renumbered(item, idOf)) }
    case 'record':
      return { ...tree, entries: tree.entries.map(([key, item]) => [key, renumbered(item, idOf)]) }
    case 'none':
      return tree
  }
}
