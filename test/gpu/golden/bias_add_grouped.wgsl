requires immediate_address_space;

@group(0) @binding(0) var<storage, read> x_vec4: array<vec4f>;
@group(0) @binding(1) var<storage, read> bias_vec4: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> local2_vec4: array<vec4f>;
struct Launch {
  x_shape_0: u32,
  x_shape_1: u32,
}
var<immediate> launch: Launch;

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) workgroups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let program_id = workgroup.x + workgroup.y * workgroups.x;
  let size_0 = (launch.x_shape_0 + 7u) / 8u;
  let size_1 = (launch.x_shape_1 + 15u) / 16u;
  let size_2 = size_0 * size_1;
  if (program_id >= size_2) {
    return;
  }
  let size_3 = size_1 * 4u;
  let id_in_group = program_id % size_3;
  let first_row = program_id / size_3 * 4u;
  let rows_here = min(size_0 - first_row, 4u);
  let tile0_id = first_row + id_in_group % rows_here;
  let tile0_begin = tile0_id * 8u;
  let tile1_id = id_in_group / rows_here;
  let tile1_begin = tile1_id * 16u;
  let tile0_lane = thread >> 2u;
  let tile0_at = tile0_begin + tile0_lane;
  let tile1_lane = (thread % 4u) << 2u;
  let tile1_at = tile1_begin + tile1_lane;
  let size_4 = launch.x_shape_1 / 4u;
  let address_0 = tile0_at * size_4 + tile1_at / 4u;
  let tile1_in = tile1_at < launch.x_shape_1;
  let tile0_in = tile0_at < launch.x_shape_0;
  let x_0 = select(vec4f(0.0f), x_vec4[address_0], tile0_in && tile1_in);
  let address_1 = tile1_at / 4u;
  let bias_0 = select(vec4f(0.0f), bias_vec4[address_1], tile1_in);
  let v_0 = x_0 + bias_0;
  if (tile0_in && tile1_in) {
    local2_vec4[address_0] = v_0;
  }
}
