requires immediate_address_space;

@group(0) @binding(0) var<storage, read> ids_data: array<i32>;
@group(0) @binding(1) var<storage, read> table_vec4: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> local2_vec4: array<vec4f>;
struct Launch {
  table_shape_1: u32,
  ids_shape_0: u32,
  table_shape_0: u32,
}
var<immediate> launch: Launch;

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) workgroups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let program_id = workgroup.x + workgroup.y * workgroups.x;
  let size_0 = (launch.ids_shape_0 + 3u) / 4u;
  if (program_id >= size_0) {
    return;
  }
  let tile0_id = program_id;
  let tile0_begin = tile0_id * 4u;
  let tile0_lane = thread >> 3u;
  let tile0_at = tile0_begin + tile0_lane;
  let tile0_in = tile0_at < launch.ids_shape_0;
  let ids_0 = select(0i, ids_data[tile0_at], tile0_in);
  let in_bounds = u32(ids_0) < launch.table_shape_0;
  let size_1 = launch.table_shape_1 / 4u;
  let slice1_lane = (thread % 8u) << 2u;
  let address_0 = slice1_lane / 4u;
  let slice1_in = slice1_lane < launch.table_shape_1;
  let table_0 = select(vec4f(0.0f), table_vec4[address_0 + u32(ids_0) * size_1], slice1_in && in_bounds);
  let address_1 = tile0_at * size_1 + slice1_lane / 4u;
  if (tile0_in && slice1_in) {
    local2_vec4[address_1] = table_0;
  }
}
