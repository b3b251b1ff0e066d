@group(0) @binding(0) var<storage, read> x_vec4: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> local1_vec4: array<vec4f>;
var<workgroup> partial_0: array<vec2f, 32>;

fn infinity() -> f32 {
  var bits = 0x7f800000u;
  return bitcast<f32>(bits);
}

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  let program_id = workgroup.x;
  let tile0_id = program_id;
  let tile0_begin = tile0_id * 2u;
  let slice1_lane = thread << 2u;
  let address_0 = tile0_begin * 25u + slice1_lane / 4u;
  let slice1_in = slice1_lane < 100u;
  let x_0 = select(vec4f(-infinity()), x_vec4[address_0], slice1_in);
  let x_1 = select(vec4f(-infinity()), x_vec4[address_0 + 25u], slice1_in);
  let max_1 = max(vec2f(x_0.z, x_1.z), vec2f(x_0.w, x_1.w));
  let max_0 = max(vec2f(x_0.x, x_1.x), vec2f(x_0.y, x_1.y));
  let max_2 = max(max_0, max_1);
  partial_0[thread] = max_2;
  workgroupBarrier();
  var running_0 = partial_0[0u];
  for (var i_0 = 1u; i_0 < 32u; i_0++) {
    let max_3 = max(running_0, partial_0[i_0]);
    running_0 = max_3;
  }
  let exp_1 = exp(x_1 - running_0.y);
  let v_1 = select(vec4f(0.0f), exp_1, slice1_in);
  let exp_0 = exp(x_0 - running_0.x);
  let v_0 = select(vec4f(0.0f), exp_0, slice1_in);
  let sum_0 = vec2f(v_0.x, v_1.x) + vec2f(v_0.y, v_1.y);
  let sum_1 = vec2f(v_0.z, v_1.z) + vec2f(v_0.w, v_1.w);
  let sum_2 = sum_0 + sum_1;
  workgroupBarrier();
  partial_0[thread] = sum_2;
  workgroupBarrier();
  var running_1 = partial_0[0u];
  for (var i_1 = 1u; i_1 < 32u; i_1++) {
    let sum_3 = running_1 + partial_0[i_1];
    running_1 = sum_3;
  }
  let v_3 = exp_1 / running_1.y;
  let v_2 = exp_0 / running_1.x;
  if (slice1_in) {
    local1_vec4[address_0] = v_2;
    local1_vec4[address_0 + 25u] = v_3;
  }
}
