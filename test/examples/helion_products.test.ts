/** Helion's products, ported. */

import { expectPorts } from './ports/expect_ports.ts'
import { PRODUCTS } from './ports/products.ts'

expectPorts(PRODUCTS)
