@group(0) @binding(0) var<storage, read> x_vec4: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> local1_vec4: array<vec4f>;
var<workgroup> partial_0: array<f32, 32>;

fn infinity() -> f32 {
  var bits = 0x7f800000u;
  return bitcast<f32>(bits);
}

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  let program_id = workgroup.x;
  let tile0_id = program_id;
  let tile0_begin = tile0_id * 2u;
  var carried_0 = vec4f(-infinity());
  let tile0_lane = thread >> 4u;
  let slice1_lane = (thread % 16u) << 2u;
  for (var slice1_0 = 0u; slice1_0 < 256u; slice1_0 += 64u) {
    let tile0_at = tile0_begin + tile0_lane;
    let slice1_at = slice1_0 + slice1_lane;
    let address_0 = tile0_at * 64u + slice1_at / 4u;
    let x_0 = x_vec4[address_0];
    let maximum_0 = max(carried_0, x_0);
    carried_0 = maximum_0;
  }
  let max_0 = max(carried_0.x, carried_0.y);
  let max_1 = max(carried_0.z, carried_0.w);
  let max_2 = max(max_0, max_1);
  let slot_0 = (thread >> 4u) * 16u;
  partial_0[slot_0 + thread % 16u] = max_2;
  workgroupBarrier();
  let max_3 = max(partial_0[slot_0], partial_0[slot_0 + 1u]);
  let max_4 = max(max_3, partial_0[slot_0 + 2u]);
  let max_5 = max(max_4, partial_0[slot_0 + 3u]);
  let max_6 = max(max_5, partial_0[slot_0 + 4u]);
  let max_7 = max(max_6, partial_0[slot_0 + 5u]);
  let max_8 = max(max_7, partial_0[slot_0 + 6u]);
  let max_9 = max(max_8, partial_0[slot_0 + 7u]);
  let max_10 = max(max_9, partial_0[slot_0 + 8u]);
  let max_11 = max(max_10, partial_0[slot_0 + 9u]);
  let max_12 = max(max_11, partial_0[slot_0 + 10u]);
  let max_13 = max(max_12, partial_0[slot_0 + 11u]);
  let max_14 = max(max_13, partial_0[slot_0 + 12u]);
  let max_15 = max(max_14, partial_0[slot_0 + 13u]);
  let max_16 = max(max_15, partial_0[slot_0 + 14u]);
  let max_17 = max(max_16, partial_0[slot_0 + 15u]);
  var carried_1 = vec4f(0.0f);
  for (var slice1_1 = 0u; slice1_1 < 256u; slice1_1 += 64u) {
    let tile0_at_1 = tile0_begin + tile0_lane;
    let slice1_at_1 = slice1_1 + slice1_lane;
    let address_1 = tile0_at_1 * 64u + slice1_at_1 / 4u;
    let x_1 = x_vec4[address_1];
    let add_0 = carried_1 + exp(x_1 - max_17);
    carried_1 = add_0;
  }
  let sum_0 = carried_1.x + carried_1.y;
  let sum_1 = carried_1.z + carried_1.w;
  let sum_2 = sum_0 + sum_1;
  workgroupBarrier();
  partial_0[slot_0 + thread % 16u] = sum_2;
  workgroupBarrier();
  let sum_3 = partial_0[slot_0] + partial_0[slot_0 + 1u];
  let sum_4 = sum_3 + partial_0[slot_0 + 2u];
  let sum_5 = sum_4 + partial_0[slot_0 + 3u];
  let sum_6 = sum_5 + partial_0[slot_0 + 4u];
  let sum_7 = sum_6 + partial_0[slot_0 + 5u];
  let sum_8 = sum_7 + partial_0[slot_0 + 6u];
  let sum_9 = sum_8 + partial_0[slot_0 + 7u];
  let sum_10 = sum_9 + partial_0[slot_0 + 8u];
  let sum_11 = sum_10 + partial_0[slot_0 + 9u];
  let sum_12 = sum_11 + partial_0[slot_0 + 10u];
  let sum_13 = sum_12 + partial_0[slot_0 + 11u];
  let sum_14 = sum_13 + partial_0[slot_0 + 12u];
  let sum_15 = sum_14 + partial_0[slot_0 + 13u];
  let sum_16 = sum_15 + partial_0[slot_0 + 14u];
  let sum_17 = sum_16 + partial_0[slot_0 + 15u];
  for (var slice1_2 = 0u; slice1_2 < 256u; slice1_2 += 64u) {
    let tile0_at_2 = tile0_begin + tile0_lane;
    let slice1_at_2 = slice1_2 + slice1_lane;
    let address_2 = tile0_at_2 * 64u + slice1_at_2 / 4u;
    let x_2 = x_vec4[address_2];
    let v_0 = exp(x_2 - max_17) / sum_17;
    local1_vec4[address_2] = v_0;
  }
}
