@group(0) @binding(0) var<storage, read> scale_vec4: array<vec4f>;
@group(0) @binding(1) var<storage, read> x_vec4: array<vec4f>;
@group(0) @binding(2) var<storage, read> w_data: array<u32>;
@group(0) @binding(3) var<storage, read_write> local3_vec4: array<vec4f>;
var<workgroup> exchange_0: array<vec4f, 64>;

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  let program_id = workgroup.x;
  let tile1_id = program_id % 3u;
  let tile1_begin = tile1_id * 32u;
  let id_rest = program_id / 3u;
  let tile0_id = id_rest;
  var acc_0 = vec4f(0.0f);
  var acc_1 = vec4f(0.0f);
  let tile2_lane = (thread >> 2u) << 2u;
  let tile1_lane = (thread % 4u) << 3u;
  for (var tile2_0 = 0u; tile2_0 < 64u; tile2_0 += 32u) {
    let tile2_at = tile2_0 + tile2_lane;
    let index_0 = i32(tile2_at);
    let index_1 = index_0 >> 2u;
    let tile1_at = tile1_begin + tile1_lane;
    let address_0 = tile1_at / 4u;
    let scale_0 = scale_vec4[address_0 + u32(index_1) * 24u];
    let scale_1 = scale_vec4[address_0 + u32(index_1) * 24u + 1u];
    let address_1 = tile0_id * 16u + tile2_at / 4u;
    let x_0 = x_vec4[address_1];
    let address_2 = tile2_at * 12u + tile1_at / 8u;
    let words_0 = w_data[address_2];
    let words_1 = w_data[address_2 + 12u];
    let words_2 = w_data[address_2 + 24u];
    let words_3 = w_data[address_2 + 36u];
    let counted_0 = words_0 ^ 2290649224u;
    let counted_1 = words_1 ^ 2290649224u;
    let counted_2 = words_2 ^ 2290649224u;
    let counted_3 = words_3 ^ 2290649224u;
    let w_0 = fma(bitcast<vec4f>((vec4u(counted_0) & vec4u(15u, 240u, 3840u, 61440u)) | vec4u(1258291200u)), vec4f(1.0f, 0.0625f, 0.00390625f, 0.000244140625f), vec4f(-8388616.0f, -524296.0f, -32776.0f, -2056.0f));
    let part_0 = vec4f(x_0.x) * w_0;
    let w_2 = fma(bitcast<vec4f>((vec4u(counted_1) & vec4u(15u, 240u, 3840u, 61440u)) | vec4u(1258291200u)), vec4f(1.0f, 0.0625f, 0.00390625f, 0.000244140625f), vec4f(-8388616.0f, -524296.0f, -32776.0f, -2056.0f));
    let part_1 = fma(vec4f(x_0.y), w_2, part_0);
    let w_4 = fma(bitcast<vec4f>((vec4u(counted_2) & vec4u(15u, 240u, 3840u, 61440u)) | vec4u(1258291200u)), vec4f(1.0f, 0.0625f, 0.00390625f, 0.000244140625f), vec4f(-8388616.0f, -524296.0f, -32776.0f, -2056.0f));
    let part_2 = fma(vec4f(x_0.z), w_4, part_1);
    let w_6 = fma(bitcast<vec4f>((vec4u(counted_3) & vec4u(15u, 240u, 3840u, 61440u)) | vec4u(1258291200u)), vec4f(1.0f, 0.0625f, 0.00390625f, 0.000244140625f), vec4f(-8388616.0f, -524296.0f, -32776.0f, -2056.0f));
    let part_3 = fma(vec4f(x_0.w), w_6, part_2);
    acc_0 = fma(part_3, scale_0, acc_0);
    let upper_0 = counted_0 >> 16u;
    let w_1 = fma(bitcast<vec4f>((vec4u(upper_0) & vec4u(15u, 240u, 3840u, 61440u)) | vec4u(1258291200u)), vec4f(1.0f, 0.0625f, 0.00390625f, 0.000244140625f), vec4f(-8388616.0f, -524296.0f, -32776.0f, -2056.0f));
    let part_4 = vec4f(x_0.x) * w_1;
    let upper_1 = counted_1 >> 16u;
    let w_3 = fma(bitcast<vec4f>((vec4u(upper_1) & vec4u(15u, 240u, 3840u, 61440u)) | vec4u(1258291200u)), vec4f(1.0f, 0.0625f, 0.00390625f, 0.000244140625f), vec4f(-8388616.0f, -524296.0f, -32776.0f, -2056.0f));
    let part_5 = fma(vec4f(x_0.y), w_3, part_4);
    let upper_2 = counted_2 >> 16u;
    let w_5 = fma(bitcast<vec4f>((vec4u(upper_2) & vec4u(15u, 240u, 3840u, 61440u)) | vec4u(1258291200u)), vec4f(1.0f, 0.0625f, 0.00390625f, 0.000244140625f), vec4f(-8388616.0f, -524296.0f, -32776.0f, -2056.0f));
    let part_6 = fma(vec4f(x_0.z), w_5, part_5);
    let upper_3 = counted_3 >> 16u;
    let w_7 = fma(bitcast<vec4f>((vec4u(upper_3) & vec4u(15u, 240u, 3840u, 61440u)) | vec4u(1258291200u)), vec4f(1.0f, 0.0625f, 0.00390625f, 0.000244140625f), vec4f(-8388616.0f, -524296.0f, -32776.0f, -2056.0f));
    let part_7 = fma(vec4f(x_0.w), w_7, part_6);
    acc_1 = fma(part_7, scale_1, acc_1);
  }
  let slot_0 = tile1_lane / 4u + (thread >> 2u) * 8u;
  exchange_0[slot_0] = acc_0;
  exchange_0[slot_0 + 1u] = acc_1;
  let tile1_lane_1 = (thread % 8u) << 2u;
  let slot_1 = tile1_lane_1 / 4u;
  workgroupBarrier();
  let v_0 = exchange_0[slot_1];
  let v_1 = exchange_0[slot_1 + 8u];
  let v_2 = exchange_0[slot_1 + 16u];
  let v_3 = exchange_0[slot_1 + 24u];
  let v_4 = exchange_0[slot_1 + 32u];
  let v_5 = exchange_0[slot_1 + 40u];
  let v_6 = exchange_0[slot_1 + 48u];
  let v_7 = exchange_0[slot_1 + 56u];
  let total_0 = v_0 + v_1;
  let total_1 = total_0 + v_2;
  let total_2 = total_1 + v_3;
  let total_3 = total_2 + v_4;
  let total_4 = total_3 + v_5;
  let total_5 = total_4 + v_6;
  let total_6 = total_5 + v_7;
  let tile1_at_1 = tile1_begin + tile1_lane_1;
  let address_3 = tile0_id * 24u + tile1_at_1 / 4u;
  if ((thread & 24u) == 0u) {
    local3_vec4[address_3] = total_6;
  }
}
