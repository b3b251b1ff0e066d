/** Helion's kernels that decode, ported. */

import { DECODING } from './ports/decoding.ts'
import { expectPorts } from './ports/expect_ports.ts'

expectPorts(DECODING)
