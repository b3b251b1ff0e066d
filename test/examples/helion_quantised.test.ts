/** Helion's kernels on numbers of few bits, ported. */
import { expectPorts } from './ports/expect_ports.ts'
import { QUANTISED } from './ports/quantised.ts'

expectPorts(QUANTISED)
