/**
 * What loads read where there is nothing for them. Past the end of a range it is the neutral value of a
 * reduction that they go into, unless something needs zero there; all other readers leave those elements
 * alone. Where they are masked it is what their only reader puts there.
 */
import { type NodeFactory, RegionBuilder } from '../../ir/build.ts'
import type { LoadNode, Node, Region } from '../../ir/node.ts'
import { isPure } from '../../ir/node_rules.ts'
import { mapGrids, type TileProgram } from '../../ir/tile_program.ts'
import { operandsOf, readsOf, rewriteRegion, walk } from '../../ir/traverse.ts'
import { DTYPES } from '../../support/dtypes.ts'
import { canBeFilled, isFilledOutside } from '../plan/access.ts'
import type { Plan } from '../plan/plan.ts'
import { type EdgeNeed, edgeNeeds, type FillOf, isMet, MOST_OPERANDS } from './edge_values.ts'

export function fillLoads(plan: Plan, nodes: NodeFactory): TileProgram {
  return mapGrids(plan.program, (grid) => {
    const { body } = grid
    const choices = choicesIn(body, plan)
    const chosen = [...choices].map(([, { load, other }]) => [load, other] as const)
    const fills = neutralFills(body, plan, new Map(chosen))
    if (fills.size === 0) return grid
    const builder = new RegionBuilder(nodes)
    const map = new Map<Node, Node>()
    rewriteRegion(body, builder, map, (spec, node) => {
      const choice = choices.get(node)
      if (choice) return map.get(choice.load)
      const fill = fills.get(node)
      return fill === undefined ? spec : { ...spec, fill }
    })
    return { ...grid, body: builder.nodes }
  })
}

type Fills = ReadonlyMap<Node, number>

/** What is a masked load where its mask holds, and one number elsewhere. */
interface Choice {
  readonly load: LoadNode
  readonly other: number
}

/**
 * The nodes of a region that choose between a load and a number by the load's mask, as nobody else reads it.
 */
function choicesIn(region: Region, plan: Plan): ReadonlyMap<Node, Choice> {
  const found = new Map<Node, Choice>()
  const readers = new Map<Node, number>()
  walk(region, (node) => {
    for (const read of readsOf(node)) readers.set(read, (readers.get(read) ?? 0) + 1)
    if (node.kind !== 'map' || node.op !== 'where') return
    const [mask, load, other] = node.args
    if (load?.kind !== 'load' || load.mask !== mask || other?.kind !== 'constant') return
    if (canBeFilled(load, plan)) found.set(node, { load, other: other.value })
  })
  return new Map([...found].filter(([, { load }]) => readers.get(load) === 1))
}

/** The same, and what loads have past the end of ranges. */
function neutralFills(region: Region, plan: Plan, chosen: Fills): Fills {
  const needs: EdgeNeed[] = []
  walk(region, (node) => {
    needs.push(...edgeNeeds(node, plan))
  })
  const loads = new Map(needs.map((need) => [need, loadsFor(need, plan)]))
  const readers = new Map<Node, EdgeNeed[]>()
  for (const [need, own] of loads)
    for (const load of own) readers.set(load, [...(readers.get(load) ?? []), need])

  let fills = chosen
  for (const [need, own] of loads) {
    if (isMet(need, plan, filledBy(fills))) continue
    const filled = new Map([...fills, ...own.map((load) => [load, need.neutral] as const)])
    const met = own
      .flatMap((load) => readers.get(load) ?? [])
      .filter((other) => isMet(other, plan, filledBy(fills)))
    if ([need, ...met].every((one) => isMet(one, plan, filledBy(filled)))) fills = filled
  }
  return fills
}

function filledBy(fills: Fills): FillOf {
  return (load) => fills.get(load) ?? load.fill ?? 0
}

/** The loads that a value is made of, element by element, and that can have its neutral value. */
function loadsFor({ value, block, neutral }: EdgeNeed, plan: Plan): readonly LoadNode[] {
  const found = new Set([value])
  for (const node of found) {
    if (found.size > MOST_OPERANDS) break
    if (isPure(node)) for (const operand of operandsOf(node)) found.add(operand)
  }
  return [...found]
    .filter((node) => node.kind === 'load')
    .filter((load) => load.mask === undefined && canBeFilled(load, plan))
    .filter((load) => isFilledOutside(load, block, plan) && canHold(load, neutral))
}

function canHold({ type: { dtype } }: LoadNode, value: number): boolean {
  return Object.is(DTYPES[dtype].round(value), value)
}
