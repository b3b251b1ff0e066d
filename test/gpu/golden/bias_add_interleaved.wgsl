@group(0) @binding(0) var<storage, read> x_vec4: array<vec4f>;
@group(0) @binding(1) var<storage, read> bias_vec4: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> local2_vec4: array<vec4f>;

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) workgroups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let tile1_lane = (thread % 4u) << 2u;
  let tile0_lane = thread >> 2u;
  for (var program_id = workgroup.x; program_id < 24u; program_id += workgroups.x) {
    let tile1_id = program_id % 3u;
    let tile1_begin = tile1_id * 16u;
    let id_rest = program_id / 3u;
    let tile0_id = id_rest;
    let tile0_begin = tile0_id * 8u;
    let tile0_at = tile0_begin + tile0_lane;
    let tile1_at = tile1_begin + tile1_lane;
    let address_0 = tile0_at * 12u + tile1_at / 4u;
    let x_0 = x_vec4[address_0];
    let address_1 = tile1_at / 4u;
    let bias_0 = bias_vec4[address_1];
    let v_0 = x_0 + bias_0;
    local2_vec4[address_0] = v_0;
  }
}
