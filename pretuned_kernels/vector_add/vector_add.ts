/** `x + y` for tensors of one dimension. */
import { aotKernel, hl, randn, type Tensor } from 'helion-aot'
import { runIfMain, type Sizes, type Sweep } from '../sweep.ts'

export const vector_add = aotKernel({ source: import.meta.url }, function vector_add(x: Tensor, y: Tensor) {
  const out = hl.emptyLike(x)
  for (const tile of hl.tile(x.shape[0])) out.at(tile).set(x.at(tile).add(y.at(tile)))
  return out
})

/** One for each of these numbers of tokens. */
const residuals = (width: number, ...tokens: number[]): Sizes[] => tokens.map((count) => [count * width])

export const SWEEP: Sweep = {
  kernel: vector_add,
  models: [
    { model: 'Llama 3.1 8B residual', dtypes: ['f16', 'f32'], sizes: residuals(4096, 1, 16, 512, 4096) },
    { model: 'Qwen2.5 0.5B residual', dtypes: ['f16'], sizes: residuals(896, 1, 128, 2048) },
    { model: 'Gemma 2 2B residual', dtypes: ['f16'], sizes: residuals(2304, 64, 8192) },
    { model: 'BERT base residual', dtypes: ['f32'], sizes: residuals(768, 512, 8192) },
    { model: 'ViT-B/16 residual', dtypes: ['f32'], sizes: residuals(768, 197, 197 * 64) },
    { model: 'Whisper large v3 residual', dtypes: ['f32'], sizes: residuals(1280, 1500) },
    { model: 'SDXL residual', dtypes: ['f16'], sizes: [[4096 * 640], [1024 * 1280]] },
    { model: 'powers of two', dtypes: ['f32'], sizes: [[2 ** 20], [2 ** 22], [2 ** 25], [2 ** 26]] },
    { model: 'odd', dtypes: ['f32'], sizes: [[1000], [100_003], [3_000_000]] },
  ],
  softwareSizes: [[1024], [4096], [10_000], [32_768], [65_536], [100_003], [262_144], [1_048_576]],
  makeArgs: ([n = 0], dtype) => [randn([n], { dtype }), randn([n], { dtype })],
  reference: (_sizes, [x = [], y = []], positions) => positions.map((i) => (x[i] ?? 0) + (y[i] ?? 0)),
  tolerance: 1e-6,
  work: ([n = 0]) => ({ elements: 3 * n }),
}

await runIfMain(import.meta.url, SWEEP)
