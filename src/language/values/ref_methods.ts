/** What `tensor.at(…)` does beside being a tile value: reading under a mask, and writing. */
/** What accesses take beside positions and values. */
export interface MaskOptionsOf<Operand> {
  /**
   * True at elements to take; it broadcasts to the positions. The others are left alone, wherever their
   * positions lie.
   */
  readonly mask?: Operand
}

/** What loads take. */
export interface LoadOptionsOf<Operand> extends MaskOptionsOf<Operand> {
  /** What elements are that the mask leaves out: 0 unless given. */
  readonly other?: Operand
}

/**
 * Writing to the positions that `tensor.at(…)` names. The value broadcasts to them and takes the tensor's
 * dtype.
 */
export interface RefMethodsOf<Operand, Value> {
  /** The elements where the mask is true, and `other` elsewhere. */
  get(options?: LoadOptionsOf<Operand>): Value
  /** Writes the value to these positions. */
  set(value: Operand, options?: MaskOptionsOf<Operand>): void
  /** Adds to what is there, as `set` of a sum does: not at once, as `atomicAdd` does. Likewise below. */
  addAssign(value: Operand, options?: MaskOptionsOf<Operand>): void
  /** Subtracts from what is there. */
  subAssign(value: Operand, options?: MaskOptionsOf<Operand>): void
  /** Multiplies what is there. */
  mulAssign(value: Operand, options?: MaskOptionsOf<Operand>): void
  /** Divides what is there. */
  divAssign(value: Operand, options?: MaskOptionsOf<Operand>): void
  /** Keeps the smaller of what is there and the value. */
  minimumAssign(value: Operand, options?: MaskOptionsOf<Operand>): void
  /** Keeps the larger of what is there and the value. */
  maximumAssign(value: Operand, options?: MaskOptionsOf<Operand>): void
  /**
   * Adds to what is there, at once, whatever other tiles do: i32, u32 and f32. Gives what was there before,
   * 0 where it does nothing: at positions outside the tensor, and where a mask is false. Likewise below.
   */
  atomicAdd(value: Operand, options?: MaskOptionsOf<Operand>): Value
  /** Keeps the larger of what is there and the value, at once: i32, u32 and f32. */
  atomicMax(value: Operand, options?: MaskOptionsOf<Operand>): Value
  /** Keeps the smaller of what is there and the value, at once: i32, u32 and f32. */
  atomicMin(value: Operand, options?: MaskOptionsOf<Operand>): Value
  /** Keeps the bits that both have, at once: i32 and u32. */
  atomicAnd(value: Operand, options?: MaskOptionsOf<Operand>): Value
  /** Keeps the bits that either has, at once: i32 and u32. */
  atomicOr(value: Operand, options?: MaskOptionsOf<Operand>): Value
  /** Keeps the bits that differ, at once: i32 and u32. */
  atomicXor(value: Operand, options?: MaskOptionsOf<Operand>): Value
  /** Writes the value, at once: i32, u32 and f32. */
  atomicExchange(value: Operand, options?: MaskOptionsOf<Operand>): Value
  /** Writes the value where `expected` is what is there, at once: i32, u32 and f32. */
  atomicCompareExchange(expected: Operand, value: Operand, options?: MaskOptionsOf<Operand>): Value
}
