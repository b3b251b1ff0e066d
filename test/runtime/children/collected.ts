/** Tensors that nobody disposes give their memory back once collected. Run with --expose-gc. */
import { getDevice } from '../../../src/runtime/default_device.ts'
import { tensor } from '../../../src/runtime/tensor/tensor_factories.ts'

const { pool } = await getDevice()
for (let round = 0; round < 20; round++) {
  for (let i = 0; i < 10; i++) await tensor(new Float32Array(1000)).data()
  globalThis.gc?.()
  await new Promise((resolve) => setTimeout(resolve, 5))
}
console.log(JSON.stringify(pool.stats))
