import { describe, expect, it } from 'vitest'
import { tileType } from '../../src/ir/build.ts'
import type { KernelIr } from '../../src/ir/kernel_ir.ts'
import { type LoopNode, type Node, ONE } from '../../src/ir/node.ts'
import { verifyKernel, verifyRegion } from '../../src/ir/verify.ts'
import type { DType } from '../../src/support/dtypes.ts'
import { block, Maker } from './regions.ts'

const BLOCKS = new Set([0, 1])
/** x of rank 1, y of rank 2. */
const RANKS = [1, 2]

function verify(make: (maker: Maker) => void, change = (nodes: readonly Node[]) => nodes): () => void {
  const maker = new Maker()
  make(maker)
  return () => verifyRegion(change(maker.nodes), BLOCKS, RANKS)
}

/** The loop of `nodes` with some of its parts replaced. */
function withLoop(nodes: readonly Node[], parts: Partial<LoopNode>): readonly Node[] {
  return nodes.map((node) => (node.kind === 'loop' ? { ...node, ...parts } : node))
}

const f32 = (axes: readonly number[]) => ({ type: tileType('f32', axes), location: undefined })
const of = (dtype: DType) => ({ type: tileType(dtype), location: undefined })

describe('a region is refused for', () => {
  const malformed: Readonly<Record<string, readonly [() => void, string]>> = {
    'a value used before it is made': [
      verify(
        (maker) => maker.map('exp', [maker.number(1)], []),
        (nodes) => [...nodes].reverse(),
      ),
      'map 1 uses constant 0 before it is made',
    ],
    'a value of the inside of a loop used outside': [
      verify((maker) => {
        let inner: Node | undefined
        maker.loop(1, maker.number(0), (inside, carried) => {
          inner = inside.map('exp', [carried], [])
          return inner
        })
        if (inner) maker.map('exp', [inner], [])
      }),
      'map 7 uses map 2 before it is made',
    ],
    'an axis that no block runs along': [
      verify((maker) => maker.node({ kind: 'constant', ...f32([7]), value: 0 })),
      'constant 0 has unknown axis 7',
    ],
    'positions of a block that does not exist': [
      verify((maker) => maker.node({ kind: 'range', ...f32([]), block: 7, what: 'begin' })),
      'range 0 is over unknown block 7',
    ],
    'an argument that is a truth value': [
      verify((maker) => maker.node({ kind: 'argument', ...of('bool'), argument: 0 })),
      'argument 0 is a bool',
    ],
    'a loop over a block that does not exist': [
      verify((maker) => maker.loop(7, maker.number(0), (_inside, carried) => carried)),
      'loop 4 is over unknown block 7',
    ],
    'a loop without an end': [
      verify(
        (maker) => maker.loop(1, maker.number(0), (_inside, carried) => carried),
        (nodes) => withLoop(nodes, { ends: [] }),
      ),
      'loop 4 has odd ranges',
    ],
    'a loop that carries more than it starts with': [
      verify(
        (maker) => maker.loop(1, maker.number(0), (_inside, carried) => carried),
        (nodes) => withLoop(nodes, { inits: [] }),
      ),
      'loop 4 has odd carried values',
    ],
    'a loop that hands on a value from elsewhere': [
      verify((maker) => {
        const elsewhere = new Maker().number(1)
        maker.loop(1, maker.number(0), () => elsewhere)
      }),
      'loop 4 yields a value that is not visible',
    ],
    'a loop that carries another type on': [
      verify((maker) => maker.loop(1, maker.number(0), (inside) => inside.number(1, 'i32'))),
      'loop 5 carries values of different types',
    ],
    'too few operands': [verify((maker) => maker.map('add', [maker.number(1)], [])), 'add 1 has 1 operands'],
    'operands of different shapes': [
      verify((maker) => maker.map('add', [maker.number(1), maker.index(0)], [1], 'i32')),
      'add 2 mixes shapes',
    ],
    'operands of different dtypes': [
      verify((maker) => maker.map('add', [maker.number(1), maker.number(1, 'i32')], [])),
      'add 2 mixes dtypes',
    ],
    'a result of another dtype': [
      verify((maker) => maker.map('exp', [maker.number(1)], [], 'f16')),
      'exp 1 mixes dtypes',
    ],
    'a comparison that is no truth value': [
      verify((maker) => maker.map('lt', [maker.number(1), maker.number(2)], [], 'f32')),
      'lt 2 mixes dtypes',
    ],
    'a view of another rank': [
      verify((maker) => maker.node({ kind: 'view', ...f32([0]), arg: maker.index(0), axes: [0, ONE] })),
      'view 1 is off',
    ],
    'a view with more axes than it names': [
      verify((maker) => maker.node({ kind: 'view', ...f32([0, ONE]), arg: maker.index(0), axes: [0] })),
      'view 1 is off',
    ],
    'a view that renames an axis wrongly': [
      verify((maker) => maker.node({ kind: 'view', ...f32([1]), arg: maker.index(0), axes: [0] })),
      'view 1 is off',
    ],
    'a view whose new axis is a block': [
      verify((maker) => maker.node({ kind: 'view', ...f32([0]), arg: maker.number(1), axes: [ONE] })),
      'view 1 is off',
    ],
    'a broadcast of another rank': [
      verify((maker) => maker.node({ kind: 'broadcast', ...f32([0, 1]), arg: maker.index(0) })),
      'broadcast 1 is off',
    ],
    'a broadcast from one block to another': [
      verify((maker) => maker.node({ kind: 'broadcast', ...f32([1]), arg: maker.index(0) })),
      'broadcast 1 is off',
    ],
    'too many indices': [
      verify((maker) => maker.load(0, [maker.index(0), maker.index(0)], [0])),
      'load 1 has 2 indices',
    ],
    'a store with too few indices': [
      verify((maker) => maker.store(1, [maker.index(0)], maker.number(1))),
      'store 2 has 1 indices',
    ],
    'a float index': [verify((maker) => maker.load(0, [maker.number(1)], [])), 'load 1 has a float index'],
    'a reduction that keeps its axis': [
      verify((maker) => maker.node({ kind: 'reduce', op: 'sum', ...f32([0]), arg: maker.index(0), axis: 0 })),
      'reduce 1 has odd axes',
    ],
    'a reduction along no axis': [
      verify((maker) => maker.node({ kind: 'reduce', op: 'sum', ...f32([0]), arg: maker.index(0), axis: 1 })),
      'reduce 1 is along axis 1',
    ],
    'a product that shares no axis': [
      verify((maker) => {
        const x = maker.load(1, [maker.index(0), maker.index(1)], [0, 1])
        maker.node({ kind: 'dot', ...f32([0, 1]), site: 0, a: x, b: x, acc: undefined })
      }),
      'dot 3 has odd axes',
    ],
    'a product of floats in integers': [
      verify((maker) => {
        const [i, j] = [maker.index(0), maker.index(1)]
        const [x, y] = [maker.load(1, [i, j], [0, 1]), maker.load(1, [j, i], [1, 0])]
        const type = tileType('i32', [0, 0])
        maker.node({ kind: 'dot', type, location: undefined, site: 0, a: x, b: y, acc: undefined })
      }),
      'dot 4 mixes integers and floats',
    ],
    'a result that the loop does not have': [
      verify((maker) => {
        const [loop] = maker.loop(1, maker.number(0), (_inside, carried) => carried)
        maker.node({ kind: 'result', ...f32([]), loop, index: 1 })
      }),
      'result 6 is off',
    ],
  }

  it.each(Object.entries(malformed))('%s', (_name, [run, message]) => {
    expect(run).toThrow(new Error(`malformed IR: ${message}`))
  })
})

describe('a kernel', () => {
  const maker = new Maker()
  maker.store(0, [maker.index(0)], maker.number(1))
  const kernel: KernelIr = {
    name: 'k',
    tensors: [{ id: 0, name: 'x', dtype: 'f32', shape: [8], role: 'argument', fill: undefined }],
    views: [],
    scalars: [],
    symbols: [],
    blocks: [block(0)],
    grids: [{ blocks: [0], body: maker.nodes, location: undefined }],
    guards: [],
    specializations: [],
    returns: { kind: 'none' },
  }

  it('passes when it is well formed', () => {
    expect(() => verifyKernel(kernel)).not.toThrow()
  })

  it('is refused for a grid over a block that does not exist', () => {
    const grids = kernel.grids.map((grid) => ({ ...grid, blocks: [3] }))
    expect(() => verifyKernel({ ...kernel, grids })).toThrow('malformed IR: grid over unknown block 3')
  })

  it('is refused for a malformed body', () => {
    expect(() => verifyKernel({ ...kernel, tensors: [] })).toThrow('malformed IR: store 2 has 1 indices')
  })
})
