/** What an AbortSignal tells of itself: all that a search asks, in types that need no DOM. */
export interface StopSignal {
  readonly aborted: boolean
}
