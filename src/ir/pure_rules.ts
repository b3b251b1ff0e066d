/** The rows of node kinds that need nothing but their operands, see node_rules.ts. */
import { cast, castBy, gatherAxes, inline, map, scalar } from './interpret_values.ts'
import { type MapNode, type NodeOfKind, ONE, type PureNode } from './node.ts'
import { mustHold, type NodeRule } from './node_rule.ts'
import { OPS } from './ops.ts'
import { ELEMENTWISE, FACT, MOVED, sameAxes } from './rule_bases.ts'

export const PURE_RULES: { readonly [K in PureNode['kind']]: NodeRule<NodeOfKind<K>> } = {
  constant: {
    ...FACT,
    value: ({ value, type }) => scalar(type.dtype, value),
    print: ({ value }) => (Object.is(value, -0) ? '-0' : String(value)),
  },
  size: {
    ...FACT,
    value: ({ size, type }, facts) => scalar(type.dtype, facts.size(size)),
    print: ({ size }, { size: text }) => `size ${text(size)}`,
  },
  argument: {
    ...FACT,
    value: ({ argument, type }, facts) =>
      cast({ ...scalar('f32', 0), data: Float64Array.of(facts.argument(argument)) }, type.dtype),
    verify: ({ id, type }) => mustHold(type.dtype !== 'bool', `argument ${id} is a bool`),
    print: ({ argument }) => `argument ${argument}`,
  },
  index: {
    ...FACT,
    uniform: 'never',
    value({ block, type: { dtype, axes } }, facts) {
      const { begin, length } = facts.span(block)
      return { dtype, axes, shape: [length], data: Float64Array.from({ length }, (_, i) => begin + i) }
    },
    print: ({ block }, { axis }) => `index ${axis(block)}`,
  },
  inside: {
    ...FACT,
    uniform: 'never',
    value({ block, type: { dtype, axes } }, facts) {
      const { length, inside } = facts.span(block)
      return { dtype, axes, shape: [length], data: new Float64Array(length).fill(1, 0, inside) }
    },
    print: ({ block }, { axis }) => `inside ${axis(block)}`,
  },
  range: {
    ...FACT,
    seesTiles: true,
    value({ block, what, type }, facts) {
      const { begin, inside, id, extent } = facts.span(block)
      return scalar(type.dtype, { begin, end: begin + inside, id, block_size: extent }[what])
    },
    print: ({ what, block }, { axis }) => `${what} ${axis(block)}`,
  },
  map: {
    ...ELEMENTWISE,
    operands: { args: 'same' },
    method: ({ op }) => op,
    value: ({ op, args, type }, facts) => map(op, type.dtype, type.axes, args.map(facts.input)),
    verify: verifyMap,
    print: ({ op, args }, { refs }) => `${op} ${refs(args)}`,
  },
  inline: {
    ...ELEMENTWISE,
    operands: { args: 'same' },
    method: () => 'inlineWgsl',
    value: ({ code, args, type }, facts) => inline(code, type.dtype, type.axes, args.map(facts.input)),
    verify({ id, code, args, type }) {
      mustHold(args.length === code.parameters.length, `inline ${id} has ${args.length} operands`)
      const fits = args.every(({ type: { axes } }) => axes.length === 0 || sameAxes(axes, type.axes))
      mustHold(fits, `inline ${id} mixes shapes`)
    },
    print: ({ code, args }, { refs }) => `inline ${JSON.stringify(code.text)} ${refs(args)}`,
  },
  cast: {
    ...ELEMENTWISE,
    operands: { arg: 'same' },
    method: ({ bits }) => (bits ? 'bitcast' : 'to'),
    value: (node, facts) => castBy(node, facts.input(node.arg)),
    print: ({ bits, arg, through }, { refs }) =>
      `${bits ? 'bitcast' : 'cast'} ${refs([arg])}${through ? ` through ${through}` : ''}`,
  },
  view: {
    ...MOVED,
    operands: { arg: 'same' },
    value: ({ arg, axes, type }, facts) =>
      gatherAxes(facts.input(arg), type.axes, facts.lengths(type.axes), axes),
    verify({ id, axes, type, arg }) {
      const fits = axes.every((from, i) =>
        from === ONE ? type.axes[i] === ONE : arg.type.axes[from] === type.axes[i],
      )
      mustHold(axes.length === type.axes.length && fits, `view ${id} is off`)
    },
    print: ({ arg, axes }, { refs }) =>
      `view ${refs([arg])} (${axes.map((axis) => (axis === ONE ? 'new' : String(axis))).join(', ')})`,
  },
  broadcast: {
    ...MOVED,
    operands: { arg: 'part' },
    value({ arg, type: { axes } }, facts) {
      const given = facts.input(arg)
      const source = axes.map((_, i) => (given.axes.length === 0 ? ONE : i))
      return gatherAxes(given, axes, facts.lengths(axes), source)
    },
    verify({ id, arg, type }) {
      const from = arg.type.axes
      const fits = from.length === 0 || from.length === type.axes.length
      mustHold(
        fits && from.every((axis, i) => axis === ONE || axis === type.axes[i]),
        `broadcast ${id} is off`,
      )
    },
    print: ({ arg }, { refs }) => `broadcast ${refs([arg])}`,
  },
}

function verifyMap({ op, id, args, type }: MapNode): void {
  const rule = OPS[op]
  mustHold(args.length === rule.arity, `${op} ${id} has ${args.length} operands`)
  for (const arg of args) {
    const fits = arg.type.axes.length === 0 || sameAxes(arg.type.axes, type.axes)
    mustHold(fits, `${op} ${id} mixes shapes`)
  }
  const dtypes = (rule.operands === 'select' ? args.slice(1) : args).map((arg) => arg.type.dtype)
  const agree = dtypes.every((dtype) => dtype === (rule.result === 'same' ? type.dtype : dtypes[0]))
  mustHold(agree && (rule.result === 'same' || type.dtype === 'bool'), `${op} ${id} mixes dtypes`)
}
