/** What padding and the last wave of workgroups cost, as log2 of a factor: 0 where nothing is wasted. */

/** log2: a kernel of which 7 of 8 parts are padding waits for memory, and more padding costs no more. */
export const MOST_WASTE = 3
/** A processor may hold several workgroups at once: waves of so many times the units count too. */
export const RESIDENT: readonly number[] = [1, 2, 4]

/**
 * Processors of a GPU, a step of two apart, since each may hold several workgroups: from small to large ones.
 */
export const UNITS: readonly number[] = [16, 32, 64, 128, 256]

/** `padding`: elements computed over those there are. */
export function paddingWaste(padding: number): number {
  return Math.min(MOST_WASTE, Math.log2(padding))
}

/** What the last wave leaves idle, for each number of workgroups that a processor may hold. */
export function waveWaste(workgroups: number, units: number): readonly number[] {
  const waves = RESIDENT.map((resident) => workgroups / (units * resident))
  const idle = waves.map((wave) => Math.min(MOST_WASTE, Math.log2(Math.ceil(wave) / wave)))
  return [...idle, Math.max(0, -Math.log2(workgroups / units))]
}
