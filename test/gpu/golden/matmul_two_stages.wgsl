@group(0) @binding(0) var<storage, read> x_vec4: array<vec4f>;
@group(0) @binding(1) var<storage, read> y_vec4: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> local2_vec4: array<vec4f>;
var<workgroup> operand_0: array<vec2f, 272>;
var<workgroup> operand_1: array<vec4f, 128>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  let program_id = workgroup.x;
  let tile1_id = program_id % 3u;
  let tile1_begin = tile1_id * 32u;
  let id_rest = program_id / 3u;
  let tile0_id = id_rest;
  let tile0_begin = tile0_id * 32u;
  var acc_0 = vec4f(0.0f);
  var acc_1 = vec4f(0.0f);
  var acc_2 = vec4f(0.0f);
  var acc_3 = vec4f(0.0f);
  let tile0_lane = (thread >> 2u) << 1u;
  let tile0_at = tile0_begin + tile0_lane;
  let tile2_lane = (thread % 4u) << 2u;
  let address_0 = tile0_at * 8u + tile2_lane / 4u;
  let x_0 = x_vec4[address_0];
  let x_1 = x_vec4[address_0 + 8u];
  let tile1_lane = (thread % 8u) << 2u;
  let tile1_at = tile1_begin + tile1_lane;
  let tile2_lane_1 = thread >> 3u;
  let address_1 = tile2_lane_1 * 24u + tile1_at / 4u;
  let y_0 = y_vec4[address_1];
  let y_1 = y_vec4[address_1 + 192u];
  var waiting_0 = x_0;
  var waiting_1 = x_1;
  var waiting_2 = y_0;
  var waiting_3 = y_1;
  let slot_0 = tile2_lane * 17u + tile0_lane / 2u;
  let slot_1 = tile2_lane_1 * 8u + tile1_lane / 4u;
  let tile0_lane_1 = (thread >> 3u) << 2u;
  for (var tile2_0 = 0u; tile2_0 < 32u; tile2_0 += 16u) {
    workgroupBarrier();
    operand_0[slot_0] = vec2f(waiting_0.x, waiting_1.x);
    operand_0[slot_0 + 17u] = vec2f(waiting_0.y, waiting_1.y);
    operand_0[slot_0 + 34u] = vec2f(waiting_0.z, waiting_1.z);
    operand_0[slot_0 + 51u] = vec2f(waiting_0.w, waiting_1.w);
    operand_1[slot_1] = waiting_2;
    operand_1[slot_1 + 64u] = waiting_3;
    workgroupBarrier();
    if (tile2_0 + 16u < 32u) {
      let tile2_at = tile2_0 + 16u + tile2_lane;
      let address_2 = tile0_at * 8u + tile2_at / 4u;
      let x_2 = x_vec4[address_2];
      let x_3 = x_vec4[address_2 + 8u];
      let tile2_at_1 = tile2_0 + 16u + tile2_lane_1;
      let address_3 = tile2_at_1 * 24u + tile1_at / 4u;
      let y_2 = y_vec4[address_3];
      let y_3 = y_vec4[address_3 + 192u];
      waiting_0 = x_2;
      waiting_1 = x_3;
      waiting_2 = y_2;
      waiting_3 = y_3;
    }
    for (var k_0 = 0u; k_0 < 16u; k_0++) {
      let part_0 = vec4f(operand_0[k_0 * 17u + tile0_lane_1 / 2u], operand_0[k_0 * 17u + tile0_lane_1 / 2u + 1u]);
      let part_1 = operand_1[k_0 * 8u + tile1_lane / 4u];
      acc_0 = fma(vec4f(part_0.x), part_1, acc_0);
      acc_1 = fma(vec4f(part_0.y), part_1, acc_1);
      acc_2 = fma(vec4f(part_0.z), part_1, acc_2);
      acc_3 = fma(vec4f(part_0.w), part_1, acc_3);
    }
  }
  let tile0_at_1 = tile0_begin + tile0_lane_1;
  let address_4 = tile0_at_1 * 24u + tile1_at / 4u;
  local2_vec4[address_4] = acc_0;
  local2_vec4[address_4 + 24u] = acc_1;
  local2_vec4[address_4 + 48u] = acc_2;
  local2_vec4[address_4 + 72u] = acc_3;
}
