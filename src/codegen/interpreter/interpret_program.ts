/**
 * Runs a dispatch of a thread program on the CPU and watches it: all invocations of a workgroup in step, one
 * statement after the other, one workgroup after the other. A program without races gives the same in every
 * order; where this one is not the only one that could be, the reports say so. The marks that lowering puts
 * on accesses count for nothing here.
 */
import type { ThreadProgram } from '../thread/program.ts'
import { verifyNames } from '../thread/verify.ts'
import { asElements, type Launch, padded } from './launch.ts'
import { type Report, type ReportOptions, Reports } from './reports.ts'
import { Runner } from './run_statements.ts'
import { placeOf, Workgroup } from './workgroup.ts'

/** Changes the tensors of the launch, and gives what is wrong: nothing, if the compiler is right. */
export function interpretProgram(
  program: ThreadProgram,
  launch: Launch,
  options?: ReportOptions,
): readonly Report[] {
  verifyNames(program)
  const reports = new Reports(options)
  const contents = new Map(
    program.buffers.map(({ tensor, array, stored }) => {
      const data = launch.tensors[tensor]
      if (!data) throw new Error(`the launch has no tensor ${tensor}`)
      const { dtype } = array.element
      return [
        placeOf(array),
        { tensor, stored, dtype, whole: padded(asElements(data, stored, dtype), dtype) },
      ]
    }),
  )
  const memory = new Map([...contents].map(([place, { whole }]) => [place, whole]))
  const group = new Workgroup(program, launch, memory, reports)
  const run = new Runner(group).of(program.body)
  const [columns, rows, planes] = launch.workgroups
  const count = columns * rows * planes
  for (let i = 0; i < count; i++) {
    const at = launch.backwards ? count - 1 - i : i
    const row = Math.floor(at / columns)
    group.enter([at % columns, row % rows, Math.floor(row / rows)])
    run()
  }
  for (const { array, tensor, access } of program.buffers) {
    const [content, data] = [contents.get(placeOf(array)), launch.tensors[tensor]]
    if (access === 'read' || !content || !data) continue
    data.set(asElements(content.whole, content.dtype, content.stored, data.length))
  }
  return reports.list
}
