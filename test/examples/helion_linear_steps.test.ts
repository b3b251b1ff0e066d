/** Helion's linear attention a token at a time, ported. */
import { expectPorts } from './ports/expect_ports.ts'
import { LINEAR_STEPS } from './ports/linear_steps.ts'

expectPorts(LINEAR_STEPS)
