import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import type { Node } from '../../src/ir/node.ts'
import { walk } from '../../src/ir/traverse.ts'
import { hl, type Tensor, type TileValue } from '../../src/language/index.ts'
import type { SourceLocation } from '../../src/support/errors.ts'
import { ramp, traced } from './harness.ts'

const LINES = readFileSync(fileURLToPath(import.meta.url), 'utf8').split('\n')

const FIRST = LINES.findIndex((line) => line.startsWith('function nodes')) + 1

/** The word at a place of this file, after its line counted from the kernel's first: "3 amax". */
function wordAt(location: SourceLocation | undefined): string {
  if (!location) return 'nowhere'
  const { file, line, column } = location
  expect(file).toBe(fileURLToPath(import.meta.url))
  return `${line - FIRST} ${/^\w*/.exec(LINES[line - 1]?.slice(column - 1) ?? '')?.[0]}`
}

function nodes(x: Tensor, w: Tensor, scale: number): Tensor {
  const out = hl.empty(x.shape)
  for (const [i, j] of hl.tile([x.shape[0], x.shape[1]])) {
    const acc = hl.zeros([i, j])
    for (const k of hl.tile(i.begin, i.end)) {
      const causal = k.index.unsqueeze(0).le(i.index.unsqueeze(1))
      acc.addAssign(hl.where(causal, 1, scale).sum(1, { keepdim: true }).mul(w.at(j).clamp(0, 9)))
    }
    const whole = w.at(':').to('f16')
    const e = Reflect.apply(hl.exp as (x: TileValue) => TileValue, undefined, [acc])
    out.at(i, j).set(e.add(whole.softmax(0).sum()).add(whole.mean()))
  }
  return out
}

it('every node comes from the call that the author wrote', () => {
  const kernel = traced(nodes, [ramp([4, 3]), ramp([3]), 2])
  const places = new Map<string, string[]>()
  const note = (what: string, location: SourceLocation | undefined): void => {
    const place = wordAt(location)
    places.set(place, [...(places.get(place) ?? []), what])
  }
  const visit = (node: Node): void => {
    if (node.kind === 'constant' || node.kind === 'size' || node.kind === 'argument') return
    note('op' in node ? node.op : node.kind, node.location)
  }
  for (const grid of kernel.grids) walk(grid.body, visit)
  for (const block of kernel.blocks) note(block.name, block.location)
  for (const guard of kernel.guards) note(`guard ${guard.relation}`, guard.location)
  const list = [...places].map(([place, whats]) => `${place}: ${whats.join(' ')}`)
  expect(list.join('\n')).toMatchInlineSnapshot(`
    "3 zeros: broadcast
    4 begin: range
    4 end: range
    4 tile: loop result tile2
    5 index: index index
    5 unsqueeze: view view
    5 le: broadcast broadcast le
    6 where: where
    6 sum: sum view
    6 at: index load guard le
    6 clamp: maximum minimum
    6 mul: broadcast view broadcast mul
    6 addAssign: add
    8 at: index load slice3
    8 to: cast
    9 apply: exp
    10 at: index index
    10 softmax: cast max view broadcast sub exp sum view broadcast div cast
    10 sum: cast sum cast
    10 add: cast add cast add
    10 mean: sum cast div cast
    10 set: store
    2 tile: tile0 tile1"
  `)
})
