@group(0) @binding(0) var<storage, read> x_vec4: array<vec4f>;
@group(0) @binding(1) var<storage, read> y_vec4: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> local2_vec4: array<vec4f>;

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) workgroups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let tile0_lane = (thread & 15u) << 2u;
  let share_0 = (128u + workgroups.x - 1u) / workgroups.x;
  let last_0 = min((workgroup.x + 1u) * share_0, 128u);
  for (var pid_0 = workgroup.x * share_0; pid_0 < last_0; pid_0++) {
    let tile0_id = pid_0;
    let tile0_begin = tile0_id * 64u;
    let tile0_at = tile0_begin + tile0_lane;
    let address_0 = tile0_at / 4u;
    let x_0 = x_vec4[address_0];
    let y_0 = y_vec4[address_0];
    let v_0 = x_0 + y_0;
    if ((thread & 16u) == 0u) {
      local2_vec4[address_0] = v_0;
    }
  }
}
