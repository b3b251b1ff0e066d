/**
 * Runs a dispatch of a thread program on the CPU and watches it: all invocations of a workgroup in step, one
 * statement after the other, one workgroup after the other. A program without races gives the same in every
 * order; where this one is not the only one that could be, the reports say so. The marks that lowering puts
 * on accesses count for nothing here.
 */
import type { ThreadProgram } from '../thread/program.ts'
import { fromMemory, inMemory, type Launch, padded } from './launch.ts'
import { type Report, type ReportOptions, Reports } from './reports.ts'
import { Runner } from './run_statements.ts'
import { Workgroup } from './workgroup.ts'

/** Changes the tensors of the launch, and gives what is wrong: nothing, if the compiler is right. */
export function interpretProgram(
  program: ThreadProgram,
  launch: Launch,
  options?: ReportOptions,
): readonly Report[] {
  const reports = new Reports(options)
  const contents = new Map(
    program.buffers.map(({ tensor, array, stored }) => {
      const data = launch.tensors[tensor]
      if (!data) throw new Error(`the launch has no tensor ${tensor}`)
      return [tensor, { stored, whole: padded(inMemory(data, stored), array.element.dtype) }]
    }),
  )
  const memory = new Map([...contents].map(([tensor, { whole }]) => [tensor, whole]))
  const group = new Workgroup(program, launch, memory, reports)
  const run = new Runner(group).of(program.body)
  const [columns, rows, planes] = launch.workgroups
  for (let z = 0; z < planes; z++) {
    for (let y = 0; y < rows; y++) {
      for (let x = 0; x < columns; x++) {
        group.enter([x, y, z])
        run()
      }
    }
  }
  for (const [tensor, { stored, whole }] of contents) {
    const data = launch.tensors[tensor]
    data?.set(fromMemory(whole, stored, data.length))
  }
  return reports.list
}
