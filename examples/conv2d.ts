/**
 * Convolution of images `x[images, height, width, channels]` with `w[rows, columns, channels, outputs]` as a
 * matrix product of pixels and outputs: the pixels that a tap sees are gathered while they are multiplied.
 */
import { hl, kernel, randn, type Tensor } from 'helion-aot'
import { type Example, runIfMain } from './shared/example.ts'
import { dot, type Matrix, transpose, type Vector } from './shared/plain.ts'

export const conv2d = kernel(function conv2d(x: Tensor, w: Tensor, padding: number) {
  const [images, height, width, channels] = x.shape
  const [rows, columns, channels2, outputs] = w.shape
  hl.requireEqual(channels, channels2)
  const pad = hl.specialize(padding)
  const outHeight = hl.add(hl.sub(height, rows), 2 * pad + 1)
  const outWidth = hl.add(hl.sub(width, columns), 2 * pad + 1)
  const out = hl.empty([images, outHeight, outWidth, outputs], x.dtype)
  const pixels = out.reshape([-1, outputs])
  for (const [p, o] of hl.tile([pixels.shape[0], outputs])) {
    const image = p.index.floorDiv(hl.mul(outHeight, outWidth))
    const top = p.index.floorDiv(outWidth).mod(outHeight).sub(pad)
    const left = p.index.mod(outWidth).sub(pad)
    const acc = hl.zeros([p, o])
    for (const [r, c] of hl.grid([rows, columns])) {
      for (const t of hl.tile(channels)) {
        acc.addDot(x.at(image, top.add(r), left.add(c), t), w.at(r, c, t, o))
      }
    }
    pixels.at(p, o).set(acc)
  }
  return out
})

function reference(x: readonly Matrix[][], w: readonly Matrix[][], padding: number): unknown {
  const size = x[0].length + 2 * padding - w.length + 1
  const range = Array.from({ length: size }, (_, i) => i)
  const seen = (image: Matrix[], i: number, j: number): Vector =>
    w.flatMap((row, r) =>
      row.flatMap((taps, c) => image[i + r - padding]?.[j + c - padding] ?? taps.map(() => 0)),
    )
  const columns = transpose(w.flat(2))
  return x.map((image) => range.map((i) => range.map((j) => columns.map((v) => dot(seen(image, i, j), v)))))
}

export const examples: readonly Example[] = [
  {
    kernel: conv2d,
    args: (images, size, channels, outputs, taps) => [
      randn([images, size, size, channels]),
      randn([taps, taps, channels, outputs]),
      1,
    ],
    reference,
    sizes: [[2, 3, 5, 6, 2]],
    bench: [8, 56, 64, 64, 3],
  },
]

await runIfMain(import.meta.url, examples)
