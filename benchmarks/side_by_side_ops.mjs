/**
 * Operations of the side-by-side benchmark beyond those that its harness knows: shapes, inputs on the host, elements of
 * the result in double precision, and the same for other libraries: a graph for ONNX Runtime, calls of TensorFlow.js.
 * Results lie as in our kernels; `place` says where an element stands in the result of ONNX Runtime.
 */

/** `[a, b, c]` from `[b, a, c]`. */
function swapped(data, [a, b, c]) {
  const out = new data.constructor(data.length)
  for (let i = 0; i < a; i++)
    for (let j = 0; j < b; j++) out.set(data.subarray((j * a + i) * c, (j * a + i + 1) * c), (i * b + j) * c)
  return out
}

/** `[n, c, p]` from `[n, p, c]`. */
function channelsFirst(data, n, p, c) {
  const out = new data.constructor(data.length)
  for (let i = 0; i < n; i++)
    for (let j = 0; j < p; j++)
      for (let l = 0; l < c; l++) out[(i * c + l) * p + j] = data[(i * p + j) * c + l]
  return out
}

/** `[k, c, 9]` from `[9, c, k]`. */
function outputsFirst(data, c, k) {
  const out = new data.constructor(data.length)
  for (let r = 0; r < 9; r++)
    for (let l = 0; l < c; l++)
      for (let o = 0; o < k; o++) out[(o * c + l) * 9 + r] = data[(r * c + l) * k + o]
  return out
}

function attendedBy({ q, k, v }, { row, head, n, seen, width }, column) {
  const scores = Float64Array.from({ length: seen }, (_, j) => {
    let sum = 0
    for (let l = 0; l < width; l++) sum += q[row * width + l] * k[(head * n + j) * width + l]
    return sum / Math.sqrt(width)
  })
  const top = scores.reduce((a, b) => Math.max(a, b))
  let [total, sum] = [0, 0]
  scores.forEach((score, j) => {
    const weight = Math.exp(score - top)
    total += weight
    sum += weight * v[(head * n + j) * width + column]
  })
  return sum / total
}

const attention = (causal) => ({
  full: [[16, 2048, 64], ...(causal ? [] : [[16, 2048, 128]])],
  small: [[2, 64, 32]],
  dtypes: ['f32', 'f16'],
  flops: ([h, s, d]) => (causal ? 2 : 4) * h * s * s * d,
  host: ([h, s, d], noise) => ({ q: noise(h * s * d, 1), k: noise(h * s * d, 2), v: noise(h * s * d, 3) }),
  size: ([h, s, d]) => h * s * d,
  element([, s, d], host, i) {
    const row = Math.floor(i / d)
    return attendedBy(
      host,
      { row, head: Math.floor(row / s), n: s, seen: causal ? (row % s) + 1 : s, width: d },
      i % d,
    )
  },
  onnx([h, s, d], dtype, host) {
    const dims = [1, s, h * d]
    const attrs = { num_heads: { i: h }, ...(causal ? { unidirectional: { i: 1 } } : {}) }
    return oneNode(
      { op: 'MultiHeadAttention', domain: 'com.microsoft', inputs: ['q', 'k', 'v'], attrs },
      dtype,
      dims,
      {
        q: { dims, data: swapped(host.q, [s, h, d]) },
        k: { dims, data: swapped(host.k, [s, h, d]) },
        v: { dims, data: swapped(host.v, [s, h, d]) },
      },
    )
  },
  place: ([h, s, d], i) => (Math.floor(i / d) % s) * h * d + Math.floor(i / d / s) * d + (i % d),
  shapesForTf: ([h, s, d]) => ({ q: [h, s, d], k: [h, s, d], v: [h, s, d] }),
  tf: causal
    ? undefined
    : (tf, { q, k, v }, [, , d]) =>
        tf.tidy(() => tf.matMul(tf.softmax(tf.mul(tf.matMul(q, k, false, true), d ** -0.5), -1), v)),
})

/** A graph of one node: its bytes are made by the harness's writer. */
function oneNode(node, dtype, outDims, feeds, { inits = [], opset = 17 } = {}) {
  const inputs = Object.entries(feeds).map(([name, { dims }]) => ({ name, type: dtype, dims }))
  return {
    feeds,
    graph: {
      nodes: [{ ...node, outputs: ['o'] }],
      inputs,
      outputs: [{ name: 'o', type: dtype, dims: outDims }],
      inits,
      opset,
      ms: node.domain === 'com.microsoft',
    },
  }
}

export const EXTRA_OPS = {
  attention: attention(false),
  causal_attention: attention(true),
  /** Heads, keys, width; one query. */
  decode_attention: {
    full: [[32, 8192, 128]],
    small: [[2, 128, 32]],
    dtypes: ['f32', 'f16'],
    bytes: ([h, n, d], each) => 2 * h * n * d * each,
    host: ([h, n, d], noise) => ({ q: noise(h * d, 1), k: noise(h * n * d, 2), v: noise(h * n * d, 3) }),
    size: ([h, , d]) => h * d,
    element([, n, d], host, i) {
      const head = Math.floor(i / d)
      return attendedBy(host, { row: head, head, n, seen: n, width: d }, i % d)
    },
    onnx([h, n, d], dtype, host) {
      const [one, all] = [
        [1, 1, h * d],
        [1, n, h * d],
      ]
      const node = { op: 'MultiHeadAttention', domain: 'com.microsoft', inputs: ['q', 'k', 'v'] }
      return oneNode({ ...node, attrs: { num_heads: { i: h } } }, dtype, one, {
        q: { dims: one, data: host.q },
        k: { dims: all, data: swapped(host.k, [n, h, d]) },
        v: { dims: all, data: swapped(host.v, [n, h, d]) },
      })
    },
    place: (_shape, i) => i,
    shapesForTf: ([h, n, d]) => ({ q: [h, 1, d], k: [h, n, d], v: [h, n, d] }),
    tf: (tf, { q, k, v }, [, , d]) =>
      tf.tidy(() => tf.matMul(tf.softmax(tf.mul(tf.matMul(q, k, false, true), d ** -0.5), -1), v)),
  },
  /** Rows, outputs, depth, group. */
  int4_linear: {
    full: [
      [4096, 4096, 4096, 32],
      [16, 4096, 4096, 32],
      [1, 4096, 4096, 32],
    ],
    small: [[4, 64, 64, 32]],
    dtypes: ['f32', 'f16'],
    // Its library rounds what it multiplies to 8 bits.
    tolerance: 0.03,
    flops: ([m, n, k]) => 2 * m * n * k,
    host([m, n, k, group], noise) {
      const codes = Uint8Array.from({ length: n * k }, (_, i) => (Math.imul(i + 1, 2654435761) >>> 27) & 15)
      const scale = noise((n * k) / group, 2).map((value) => value / 8)
      const zero = new Uint8Array((n * k) / group).fill(8)
      return { x: noise(m * k, 1), codes, scale, zero, bias: new Float32Array(n) }
    },
    size: ([m, n]) => m * n,
    element([, n, k, group], { x, codes, scale }, i) {
      const [row, column] = [Math.floor(i / n), i % n]
      let sum = 0
      for (let l = 0; l < k; l++)
        sum +=
          x[row * k + l] * (codes[column * k + l] - 8) * scale[column * (k / group) + Math.floor(l / group)]
      return sum
    },
    onnx([m, n, k, group], dtype, host, halves) {
      const packed = Uint8Array.from({ length: host.codes.length / 2 }, (_, i) => {
        return host.codes[2 * i] | (host.codes[2 * i + 1] << 4)
      })
      const scales = dtype === 'f16' ? halves(host.scale) : host.scale
      const raw = new Uint8Array(scales.buffer, scales.byteOffset, scales.byteLength)
      const attrs = {
        K: { i: k },
        N: { i: n },
        bits: { i: 4 },
        block_size: { i: group },
        accuracy_level: { i: 4 },
      }
      const node = { op: 'MatMulNBits', domain: 'com.microsoft', inputs: ['x', 'b', 's'], attrs }
      const inits = [
        { name: 'b', type: 'u8', dims: [n, k / group, group / 2], raw: packed },
        { name: 's', type: dtype, dims: [(n * k) / group], raw },
      ]
      return oneNode(node, dtype, [m, n], { x: { dims: [m, k], data: host.x } }, { inits })
    },
    place: (_shape, i) => i,
  },
  /** Images, their sides, channels, outputs; 3 x 3. */
  conv2d: {
    full: [[8, 56, 256, 256]],
    small: [[1, 8, 8, 8]],
    dtypes: ['f32', 'f16'],
    flops: ([n, size, c, k]) => 18 * n * size * size * c * k,
    host: ([n, size, c, k], noise) => ({ x: noise(n * size * size * c, 1), w: noise(9 * c * k, 2) }),
    size: ([n, size, , k]) => n * size * size * k,
    element([, size, c, k], { x, w }, i) {
      const pixel = Math.floor(i / k)
      const [image, top, left] = [
        Math.floor(pixel / size / size),
        Math.floor(pixel / size) % size,
        pixel % size,
      ]
      let sum = 0
      for (let r = 0; r < 9; r++) {
        const [y, z] = [top + Math.floor(r / 3) - 1, left + (r % 3) - 1]
        if (y < 0 || z < 0 || y >= size || z >= size) continue
        const at = ((image * size + y) * size + z) * c
        for (let l = 0; l < c; l++) sum += x[at + l] * w[(r * c + l) * k + (i % k)]
      }
      return sum
    },
    onnx([n, size, c, k], dtype, host) {
      const attrs = { kernel_shape: { ints: [3, 3] }, pads: { ints: [1, 1, 1, 1] } }
      return oneNode({ op: 'Conv', inputs: ['x', 'w'], attrs }, dtype, [n, k, size, size], {
        x: { dims: [n, c, size, size], data: channelsFirst(host.x, n, size * size, c) },
        w: { dims: [k, c, 3, 3], data: outputsFirst(host.w, c, k) },
      })
    },
    place([, size, , k], i) {
      const pixel = Math.floor(i / k)
      return (Math.floor(pixel / size / size) * k + (i % k)) * size * size + (pixel % (size * size))
    },
    shapesForTf: ([n, size, c, k]) => ({ x: [n, size, size, c], w: [3, 3, c, k] }),
    tf: (tf, { x, w }) => tf.conv2d(x, w, 1, 'same'),
  },
  cumsum: {
    full: [[4096, 4096]],
    small: [[8, 64]],
    dtypes: ['f32'],
    bytes: ([m, n], each) => 2 * m * n * each,
    host: ([m, n], noise) => ({ x: noise(m * n, 1) }),
    size: ([m, n]) => m * n,
    element([, n], { x }, i) {
      let sum = 0
      for (let j = i - (i % n); j <= i; j++) sum += x[j]
      return sum
    },
    onnx([m, n], dtype, host) {
      const axis = new Uint8Array(new BigInt64Array([1n]).buffer)
      const inits = [{ name: 'axis', type: 'i64', dims: [1], raw: axis }]
      const node = { op: 'CumSum', inputs: ['x', 'axis'] }
      return oneNode(node, dtype, [m, n], { x: { dims: [m, n], data: host.x } }, { inits })
    },
    place: (_shape, i) => i,
    shapesForTf: ([m, n]) => ({ x: [m, n] }),
    tf: (tf, { x }) => tf.cumsum(x, 1),
  },
}
