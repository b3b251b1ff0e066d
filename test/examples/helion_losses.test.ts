/** Helion's losses and norms, ported. */
import { expectPorts } from './ports/expect_ports.ts'
import { LOSSES } from './ports/losses.ts'

expectPorts(LOSSES)
