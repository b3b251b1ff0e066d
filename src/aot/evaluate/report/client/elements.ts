/** HTML elements from data; text is always text, never markup. */

export function element(
  name: string,
  attributes: Readonly<Record<string, string>>,
  ...children: readonly (Node | string)[]
): HTMLElement {
  const node = document.createElement(name)
  for (const [attribute, value] of Object.entries(attributes)) node.setAttribute(attribute, value)
  node.append(...children)
  return node
}

export function text(content: string): Text {
  return document.createTextNode(content)
}

/** A table whose last `numbers` columns are aligned to the right. */
export function table(
  head: readonly string[],
  rows: readonly (readonly (Node | string)[])[],
  numbers: number,
): HTMLElement {
  const cell = (name: string, content: Node | string, column: number) =>
    element(name, column >= head.length - numbers ? { class: 'number' } : {}, content)
  return element(
    'table',
    {},
    element('thead', {}, element('tr', {}, ...head.map((content, column) => cell('th', content, column)))),
    element(
      'tbody',
      {},
      ...rows.map((row) => element('tr', {}, ...row.map((content, column) => cell('td', content, column)))),
    ),
  )
}

const SVG = 'http://www.w3.org/2000/svg'

export function svg(
  name: string,
  attributes: Readonly<Record<string, string | number>>,
  ...children: readonly (Node | string)[]
): SVGElement {
  const node = document.createElementNS(SVG, name)
  for (const [attribute, value] of Object.entries(attributes)) node.setAttribute(attribute, String(value))
  node.append(...children)
  return node
}
