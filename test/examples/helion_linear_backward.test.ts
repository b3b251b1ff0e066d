/** Helion's linear attention in chunks, backward, ported. */
import { expectPorts } from './ports/expect_ports.ts'
import { LINEAR_BACKWARD } from './ports/linear_backward.ts'

expectPorts(LINEAR_BACKWARD)
