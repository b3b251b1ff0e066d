/** Helion's kernels over heads and experts, ported. */
import { expectPorts } from './ports/expect_ports.ts'
import { HEADS } from './ports/heads.ts'

expectPorts(HEADS)
