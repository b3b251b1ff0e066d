/** Which invocations of a workgroup take part in what runs. */

/** Numbers of invocations, in order: the first `count` of the list. */
export interface Lanes {
  readonly list: Int32Array
  readonly count: number
}

export function allLanes(threads: number): Lanes {
  return { list: Int32Array.from({ length: threads }, (_, lane) => lane), count: threads }
}

/** Those for which `keep` holds. */
export function lanesWhere(lanes: Lanes, keep: (lane: number) => boolean): Lanes {
  const list = new Int32Array(lanes.count)
  let count = 0
  for (let i = 0; i < lanes.count; i++) {
    const lane = lanes.list[i] ?? 0
    if (keep(lane)) list[count++] = lane
  }
  return count === lanes.count ? lanes : { list, count }
}
