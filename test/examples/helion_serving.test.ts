/** Helion's kernels for serving, ported. */

import { expectPorts } from './ports/expect_ports.ts'
import { SERVING } from './ports/serving.ts'

expectPorts(SERVING)
