/** Helion's attentions, ported. */
import { ATTENTION } from './ports/attention.ts'
import { expectPorts } from './ports/expect_ports.ts'

expectPorts(ATTENTION)
