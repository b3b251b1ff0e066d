requires immediate_address_space;

@group(0) @binding(0) var<storage, read> x_vec4: array<vec4f>;
@group(0) @binding(1) var<storage, read> bias_data: array<f32>;
@group(0) @binding(2) var<storage, read_write> local2_vec4: array<vec4f>;
struct Launch {
  x_shape_0: u32,
  x_shape_1: u32,
  bias_shape_0: u32,
}
var<immediate> launch: Launch;

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) workgroups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let program_id = workgroup.x + workgroup.y * workgroups.x;
  let size_0 = launch.x_shape_0 * launch.x_shape_1;
  let size_1 = (size_0 + 127u) / 128u;
  if (program_id >= size_1) {
    return;
  }
  let flat_id = program_id;
  let flat_begin = flat_id * 128u;
  let flat_lane = thread << 2u;
  let flat_at = flat_begin + flat_lane;
  let flat_in = flat_at < size_0;
  let address_0 = flat_at / 4u;
  let x_0 = select(vec4f(0.0f), x_vec4[address_0], flat_in);
  let index_0 = i32(flat_at);
  let index_1 = index_0 + vec4i(0i, 1i, 2i, 3i);
  let index_2 = vec4u(index_1);
  let index_3 = index_2 % vec4u(u32(i32(launch.x_shape_1)));
  let index_4 = vec4i(index_3);
  let in_bounds = u32(index_4.x) < launch.bias_shape_0;
  let bias_0 = select(0.0f, bias_data[u32(index_4.x)], in_bounds);
  let in_bounds_1 = u32(index_4.y) < launch.bias_shape_0;
  let bias_1 = select(0.0f, bias_data[u32(index_4.y)], in_bounds_1);
  let in_bounds_2 = u32(index_4.z) < launch.bias_shape_0;
  let bias_2 = select(0.0f, bias_data[u32(index_4.z)], in_bounds_2);
  let in_bounds_3 = u32(index_4.w) < launch.bias_shape_0;
  let bias_3 = select(0.0f, bias_data[u32(index_4.w)], in_bounds_3);
  let bias_4 = vec4f(bias_0, bias_1, bias_2, bias_3);
  let v_0 = x_0 + bias_4;
  if (flat_in) {
    local2_vec4[address_0] = v_0;
  }
}
