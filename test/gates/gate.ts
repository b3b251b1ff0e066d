/**
 * A gate is a rule that the whole repository keeps, as a function over its root folder. So each one also runs
 * on a fixture that breaks the rule, and is seen to fail there.
 */
export interface Gate {
  readonly name: string
  readonly check: (root: string) => GateResult | Promise<GateResult>
}

export interface GateResult {
  /** How many things were looked at; a gate that looks at nothing proves nothing. */
  readonly checked: number
  /** One line each: where, and what is wrong. */
  readonly problems: readonly string[]
}
