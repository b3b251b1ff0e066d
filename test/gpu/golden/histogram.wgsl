requires immediate_address_space;

@group(0) @binding(0) var<storage, read> x_vec4: array<vec4i>;
@group(0) @binding(1) var<storage, read_write> local1_data: array<atomic<i32>>;
struct Launch {
  x_shape_0: u32,
}
var<immediate> launch: Launch;

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) workgroups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let program_id = workgroup.x + workgroup.y * workgroups.x;
  let size_0 = (launch.x_shape_0 + 127u) / 128u;
  if (program_id >= size_0) {
    return;
  }
  let tile0_id = program_id;
  let tile0_begin = tile0_id * 128u;
  let tile0_lane = thread << 2u;
  let tile0_at = tile0_begin + tile0_lane;
  let tile0_in = tile0_at < launch.x_shape_0;
  let address_0 = tile0_at / 4u;
  let x_0 = select(vec4i(0i), x_vec4[address_0], tile0_in);
  let mod_0 = x_0 - vec4i(8i) * (x_0 >> vec4u(3u));
  let in_bounds = u32(mod_0.x) < 8u;
  if (tile0_in && in_bounds) {
    atomicAdd(&local1_data[u32(mod_0.x)], 1i);
  }
  let in_bounds_1 = u32(mod_0.y) < 8u;
  if (tile0_in && in_bounds_1) {
    atomicAdd(&local1_data[u32(mod_0.y)], 1i);
  }
  let in_bounds_2 = u32(mod_0.z) < 8u;
  if (tile0_in && in_bounds_2) {
    atomicAdd(&local1_data[u32(mod_0.z)], 1i);
  }
  let in_bounds_3 = u32(mod_0.w) < 8u;
  if (tile0_in && in_bounds_3) {
    atomicAdd(&local1_data[u32(mod_0.w)], 1i);
  }
}
