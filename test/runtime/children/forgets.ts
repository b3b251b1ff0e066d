/** Makes a tensor and ends without asking for its contents. */
import { tensor } from '../../../src/runtime/tensor/tensor_factories.ts'

tensor([1, 2, 3])
