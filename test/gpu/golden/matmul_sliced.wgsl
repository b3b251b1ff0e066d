@group(0) @binding(0) var<storage, read> x_vec4: array<vec4f>;
@group(0) @binding(1) var<storage, read> y_vec4: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> local2_vec4: array<vec4f>;
var<workgroup> operand_0: array<f32, 272>;
var<workgroup> operand_1: array<vec4f, 128>;

@compute @workgroup_size(128)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  let program_id = workgroup.x;
  let tile1_id = program_id % 6u;
  let tile1_begin = tile1_id * 16u;
  let id_rest = program_id / 6u;
  let tile0_id = id_rest;
  let tile0_begin = tile0_id * 16u;
  var acc_0 = vec4f(0.0f);
  var acc_1 = vec4f(0.0f);
  let tile2_lane = (thread >> 5u) << 2u;
  let tile0_lane = (thread >> 2u) % 16u;
  let tile2_lane_1 = (thread % 4u) << 2u;
  let slot_0 = tile2_lane_1 * 17u + tile0_lane;
  let slot_1 = tile0_lane * 4u + tile2_lane_1 / 4u;
  let tile0_lane_1 = ((thread >> 2u) % 8u) << 1u;
  let from_0 = tile2_lane * 17u + tile0_lane_1;
  let from_1 = tile2_lane * 4u + tile2_lane_1 / 4u;
  for (var tile2_0 = 0u; tile2_0 < 32u; tile2_0 += 16u) {
    let tile0_at = tile0_begin + tile0_lane;
    let tile2_at = tile2_0 + tile2_lane_1;
    let address_0 = tile0_at * 8u + tile2_at / 4u;
    let x_0 = x_vec4[address_0];
    let tile2_at_1 = tile2_0 + tile0_lane;
    let tile1_at = tile1_begin + tile2_lane_1;
    let address_1 = tile2_at_1 * 24u + tile1_at / 4u;
    let y_0 = y_vec4[address_1];
    workgroupBarrier();
    if ((thread & 64u) == 0u) {
      operand_0[slot_0] = x_0.x;
      operand_0[slot_0 + 17u] = x_0.y;
      operand_0[slot_0 + 34u] = x_0.z;
      operand_0[slot_0 + 51u] = x_0.w;
    }
    if ((thread & 64u) == 0u) {
      operand_1[slot_1] = y_0;
    }
    workgroupBarrier();
    for (var k_0 = 0u; k_0 < 4u; k_0++) {
      let part_0 = vec2f(operand_0[k_0 * 17u + from_0], operand_0[k_0 * 17u + from_0 + 1u]);
      let part_1 = operand_1[k_0 * 4u + from_1];
      acc_0 = fma(vec4f(part_0.x), part_1, acc_0);
      acc_1 = fma(vec4f(part_0.y), part_1, acc_1);
    }
  }
  let slot_2 = thread % 32u * 4u;
  workgroupBarrier();
  operand_1[slot_2 + (thread >> 5u)] = acc_0;
  workgroupBarrier();
  let sum_0 = operand_1[slot_2] + operand_1[slot_2 + 1u];
  let sum_1 = sum_0 + operand_1[slot_2 + 2u];
  let sum_2 = sum_1 + operand_1[slot_2 + 3u];
  workgroupBarrier();
  operand_1[slot_2 + (thread >> 5u)] = acc_1;
  workgroupBarrier();
  let sum_3 = operand_1[slot_2] + operand_1[slot_2 + 1u];
  let sum_4 = sum_3 + operand_1[slot_2 + 2u];
  let sum_5 = sum_4 + operand_1[slot_2 + 3u];
  let tile0_at_1 = tile0_begin + tile0_lane_1;
  let tile1_at_1 = tile1_begin + tile2_lane_1;
  let address_2 = tile0_at_1 * 24u + tile1_at_1 / 4u;
  if ((thread & 96u) == 0u) {
    local2_vec4[address_2] = sum_2;
    local2_vec4[address_2 + 24u] = sum_5;
  }
}
