/** Failures of many configs in few words: reasons that differ in numbers only are one. */

/** Configs that failed alike. */
export interface FailureGroup {
  readonly status: string
  /** Of one of them; the others differ in numbers at most. */
  readonly reason: string
  readonly count: number
}

/** Failures by status and reason, the commonest first; reasons that differ in numbers only are one. */
export function failureGroups(
  candidates: readonly { readonly status: string; readonly reason?: string | undefined }[],
): readonly FailureGroup[] {
  const groups = new Map<string, FailureGroup>()
  for (const { status, reason } of candidates) {
    if (reason === undefined) continue
    const key = `${status} ${reason.replaceAll(/\d[\d.,]*/g, '#')}`
    const known = groups.get(key)
    groups.set(key, { status, reason: known?.reason ?? reason, count: (known?.count ?? 0) + 1 })
  }
  return [...groups.values()].sort((a, b) => b.count - a.count)
}
