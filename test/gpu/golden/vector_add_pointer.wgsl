@group(0) @binding(0) var<storage, read> x_data: array<f32>;
@group(0) @binding(1) var<storage, read> y_data: array<f32>;
@group(0) @binding(2) var<storage, read_write> local2_data: array<f32>;

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  let program_id = workgroup.x;
  let tile0_id = program_id;
  let tile0_begin = tile0_id * 64u;
  let tile0_at = tile0_begin + thread;
  let x_0 = x_data[tile0_at];
  let x_1 = x_data[tile0_at + 32u];
  let x_2 = vec2f(x_0, x_1);
  let y_0 = y_data[tile0_at];
  let y_1 = y_data[tile0_at + 32u];
  let y_2 = vec2f(y_0, y_1);
  let v_0 = x_2 + y_2;
  local2_data[tile0_at] = v_0.x;
  local2_data[tile0_at + 32u] = v_0.y;
}
