@group(0) @binding(0) var<storage, read> x_vec4: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> local1_data: array<f32>;

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  let program_id = workgroup.x;
  let tile1_id = program_id % 4u;
  let tile1_begin = tile1_id * 16u;
  let id_rest = program_id / 4u;
  let tile0_id = id_rest;
  let tile0_begin = tile0_id * 16u;
  let tile0_lane = thread >> 2u;
  let tile0_at = tile0_begin + tile0_lane;
  let tile1_lane = (thread % 4u) << 2u;
  let tile1_at = tile1_begin + tile1_lane;
  let address_0 = tile0_at * 16u + tile1_at / 4u;
  let x_0 = x_vec4[address_0];
  let x_1 = x_vec4[address_0 + 128u];
  let address_1 = tile1_at * 32u + tile0_at;
  local1_data[address_1] = x_0.x;
  local1_data[address_1 + 32u] = x_0.y;
  local1_data[address_1 + 64u] = x_0.z;
  local1_data[address_1 + 96u] = x_0.w;
  local1_data[address_1 + 8u] = x_1.x;
  local1_data[address_1 + 40u] = x_1.y;
  local1_data[address_1 + 72u] = x_1.z;
  local1_data[address_1 + 104u] = x_1.w;
}
