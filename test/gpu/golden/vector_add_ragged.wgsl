requires immediate_address_space;

@group(0) @binding(0) var<storage, read> x_vec4: array<vec4f>;
@group(0) @binding(1) var<storage, read> y_data: array<f32>;
@group(0) @binding(2) var<storage, read_write> local2_vec4: array<vec4f>;
struct Launch {
  x_shape_0: u32,
}
var<immediate> launch: Launch;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) workgroups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let program_id = workgroup.x + workgroup.y * workgroups.x;
  let size_0 = (launch.x_shape_0 + 255u) / 256u;
  if (program_id >= size_0) {
    return;
  }
  let tile0_id = program_id;
  let tile0_begin = tile0_id * 256u;
  let tile0_lane = thread << 2u;
  let tile0_at = tile0_begin + tile0_lane;
  let tile0_in = tile0_at < launch.x_shape_0;
  let address_0 = tile0_at / 4u;
  let x_0 = select(vec4f(0.0f), x_vec4[address_0], tile0_in);
  let y_0 = select(0.0f, y_data[tile0_at], tile0_in);
  let tile0_in_1 = tile0_at + 1u < launch.x_shape_0;
  let y_1 = select(0.0f, y_data[tile0_at + 1u], tile0_in_1);
  let tile0_in_2 = tile0_at + 2u < launch.x_shape_0;
  let y_2 = select(0.0f, y_data[tile0_at + 2u], tile0_in_2);
  let tile0_in_3 = tile0_at + 3u < launch.x_shape_0;
  let y_3 = select(0.0f, y_data[tile0_at + 3u], tile0_in_3);
  let y_4 = vec4f(y_0, y_1, y_2, y_3);
  let v_0 = x_0 + y_4;
  if (tile0_in) {
    local2_vec4[address_0] = v_0;
  }
}
