/** Numbers that people like: thresholds are moved, inside the gap they fall into, to a round one. */

/** Share of the gap, in log space, that is kept clear on either side. */
const CLEARANCE = 0.2

/** A round number in low <= n < high, near the middle of the gap. `high` may be Infinity. */
export function friendlyBetween(low: number, high: number): number {
  if (!Number.isFinite(high)) return low
  if (!(low > 0))
    return low < 0
      ? middleOf(low, high)
      : roundest(high * CLEARANCE, high * (1 - CLEARANCE), high / 2, low, high)
  const gap = Math.log(high / low)
  const inner = (share: number) => low * Math.exp(gap * share)
  return roundest(inner(CLEARANCE), inner(1 - CLEARANCE), inner(0.5), low, high)
}

/** The number of fewest digits between `from` and `to`; a power of two counts as having one and a half. */
function roundest(from: number, to: number, middle: number, low: number, high: number): number {
  const isInside = (value: number) => value >= from && value <= to && value >= low && value < high
  const oneDigit = Number(middle.toPrecision(1))
  if (isInside(oneDigit)) return oneDigit
  const power = 2 ** Math.round(Math.log2(middle))
  if (isInside(power)) return power
  for (let digits = 2; digits <= 17; digits++) {
    const value = Number(middle.toPrecision(digits))
    if (isInside(value)) return value
  }
  return middle >= low && middle < high ? middle : low
}

function middleOf(low: number, high: number): number {
  const middle = (low + high) / 2
  return middle >= low && middle < high ? middle : low
}
