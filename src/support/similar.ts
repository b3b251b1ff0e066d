/** Near misses: which known name somebody may have meant. */

/** The known name closest to `word`, when it is close enough to be a slip; one letter in three may differ. */
export function mostSimilar(word: string, known: Iterable<string>): string | undefined {
  let best: { readonly name: string; readonly steps: number } | undefined
  for (const name of known) {
    const steps = editSteps(word.toLowerCase(), name.toLowerCase())
    const allowed = Math.max(word.length, name.length) / 3
    if (steps <= allowed && steps < (best?.steps ?? Number.POSITIVE_INFINITY)) best = { name, steps }
  }
  return best?.name
}

/** " Did you mean build?", or nothing. To be put behind a sentence. */
export function didYouMean(word: string, known: Iterable<string>): string {
  const name = mostSimilar(word, known)
  return name === undefined ? '' : ` Did you mean ${name}?`
}

/** Letters to add, drop, replace or swap with a neighbour until one word is the other. */
function editSteps(from: string, to: string): number {
  if (Math.abs(from.length - to.length) > Math.max(from.length, to.length) / 3)
    return Number.POSITIVE_INFINITY
  let beforeLast: number[] = []
  let last = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (let i = 1; i <= from.length; i++) {
    const row = [i]
    for (let j = 1; j <= to.length; j++) {
      const replaced = (last[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1)
      let steps = Math.min(replaced, (last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1)
      if (i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1])
        steps = Math.min(steps, (beforeLast[j - 2] ?? 0) + 1)
      row.push(steps)
    }
    beforeLast = last
    last = row
  }
  return last[to.length] ?? 0
}
