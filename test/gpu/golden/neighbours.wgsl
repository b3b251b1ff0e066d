@group(0) @binding(0) var<storage, read> x_data: array<f32>;
@group(0) @binding(1) var<storage, read_write> local1_vec4: array<vec4f>;

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  let program_id = workgroup.x;
  let tile0_id = program_id;
  let tile0_begin = tile0_id * 64u;
  let tile0_lane = (thread % 16u) << 2u;
  let tile0_at = tile0_begin + tile0_lane;
  let in_bounds = tile0_at + 1u < 130u;
  let address_0 = tile0_at + 1u;
  let tile0_in = tile0_at < 130u;
  let x_0 = select(0.0f, x_data[address_0], tile0_in && in_bounds);
  let in_bounds_1 = tile0_at + 2u < 130u;
  let x_1 = select(0.0f, x_data[address_0 + 1u], tile0_in && in_bounds_1);
  let in_bounds_2 = tile0_at + 3u < 130u;
  let x_2 = select(0.0f, x_data[address_0 + 2u], in_bounds_1 && in_bounds_2);
  let in_bounds_3 = tile0_at + 4u < 130u;
  let x_3 = select(0.0f, x_data[address_0 + 3u], in_bounds_1 && in_bounds_3);
  let x_4 = vec4f(x_0, x_1, x_2, x_3);
  let index_0 = i32(tile0_at);
  let index_1 = index_0 + vec4i(0i, 1i, 2i, 3i);
  let index_2 = index_1 - 1i;
  let in_bounds_4 = u32(index_2.x) < 130u;
  let x_5 = select(0.0f, x_data[u32(index_2.x)], in_bounds_4);
  let in_bounds_5 = u32(index_2.y) < 130u;
  let x_6 = select(0.0f, x_data[u32(index_2.y)], in_bounds_5);
  let in_bounds_6 = u32(index_2.z) < 130u;
  let x_7 = select(0.0f, x_data[u32(index_2.z)], in_bounds_6);
  let in_bounds_7 = u32(index_2.w) < 130u;
  let x_8 = select(0.0f, x_data[u32(index_2.w)], in_bounds_7);
  let x_9 = vec4f(x_5, x_6, x_7, x_8);
  let v_0 = x_4 - x_9;
  let address_1 = tile0_at / 4u;
  if (((thread & 16u) == 0u) && tile0_in) {
    local1_vec4[address_1] = v_0;
  }
}
