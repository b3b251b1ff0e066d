/** Helion's routing and sampling kernels, ported. */
import { expectPorts } from './ports/expect_ports.ts'
import { SAMPLING } from './ports/sampling.ts'

expectPorts(SAMPLING)
