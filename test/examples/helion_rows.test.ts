/** Helion's kernels over rows and elements, ported. */

import { expectPorts } from './ports/expect_ports.ts'
import { ROWS } from './ports/rows.ts'

expectPorts(ROWS)
