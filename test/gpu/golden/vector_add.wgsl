@group(0) @binding(0) var<storage, read> x_vec4: array<vec4f>;
@group(0) @binding(1) var<storage, read> y_vec4: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> local2_vec4: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  let program_id = workgroup.x;
  let tile0_id = program_id;
  let tile0_begin = tile0_id * 256u;
  let tile0_lane = thread << 2u;
  let tile0_at = tile0_begin + tile0_lane;
  let address_0 = tile0_at / 4u;
  let x_0 = x_vec4[address_0];
  let y_0 = y_vec4[address_0];
  let v_0 = x_0 + y_0;
  local2_vec4[address_0] = v_0;
}
