/** Helion's linear attention in chunks, ported. */
import { expectPorts } from './ports/expect_ports.ts'
import { LINEAR_CHUNKS } from './ports/linear_chunks.ts'

expectPorts(LINEAR_CHUNKS)
