/** Helion's recurrences, ported. */
import { expectPorts } from './ports/expect_ports.ts'
import { RECURRENCES } from './ports/recurrences.ts'

expectPorts(RECURRENCES)
