@group(0) @binding(0) var<storage, read_write> x_vec4: array<vec4f>;

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  let program_id = workgroup.x;
  let tile0_id = program_id;
  let tile0_begin = tile0_id * 64u;
  let tile0_lane = (thread % 16u) << 2u;
  let tile0_at = tile0_begin + tile0_lane;
  let tile0_in = tile0_at < 300u;
  let address_0 = tile0_at / 4u;
  let x_0 = select(vec4f(0.0f), x_vec4[address_0], tile0_in);
  let index_0 = i32(tile0_at);
  let index_1 = index_0 + vec4i(0i, 1i, 2i, 3i);
  let v_0 = vec4f(index_1);
  let v_1 = x_0 * 3.0f + v_0;
  storageBarrier();
  if (((thread & 16u) == 0u) && tile0_in) {
    x_vec4[address_0] = v_1;
  }
}
