/**
 * Refuses configs whose threads would spill: before the program is written those whose tiles alone are too
 * large, then by what is live in the program.
 */
import type { Region } from '../../ir/node.ts'
import { ConfigError } from '../../support/errors.ts'
import type { BoundConfig } from '../plan/bound_config.ts'
import { liveRegisters } from '../schedule/live_registers.ts'
import type { Lowering } from '../state/lowering.ts'
import type { ThreadProgram } from '../thread/program.ts'
import { estimateRegisters } from './estimate_registers.ts'

/** 32-bit registers of a multiprocessor that the threads of a workgroup share. */
const REGISTER_FILE = 65536
/**
 * A budget is for the elements of tiles. Addresses and steps of computations come on top, and devices order
 * statements better than they are written: the default of attention on an H200, where the budget is 200 and
 * nothing faster is known, has 282 live registers in the order of the program.
 */
const IN_ALL = 1.5

/** Throws ConfigError where the values of tiles are more than the budget. */
export function checkTiles(region: Region, lowering: Lowering): void {
  const { bound } = lowering
  refuseAbove(budgetOf(bound), estimateRegisters(region, lowering))
}

/** Registers of a thread at the worst point; throws ConfigError where they are more than the device has. */
export function checkRegisters(program: ThreadProgram, bound: BoundConfig): number {
  const registers = liveRegisters(program)
  refuseAbove(Math.floor(budgetOf(bound) * IN_ALL), registers)
  return registers
}

function budgetOf({ limits, threads }: BoundConfig): number {
  return Math.min(limits.registerBudget, Math.floor(REGISTER_FILE / threads))
}

function refuseAbove(limit: number, needed: number): void {
  if (needed <= limit) return
  throw new ConfigError(`the config needs about ${needed} registers per thread; the budget is ${limit}`, {
    excess: { of: 'registers', needed, limit },
  })
}
