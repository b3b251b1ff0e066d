@group(0) @binding(0) var<storage, read> x_vec4: array<vec4f>;
@group(0) @binding(1) var<storage, read> y_vec4: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> local2_vec4: array<vec4f>;
var<workgroup> exchange_0: array<vec4f, 136>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  let program_id = workgroup.x;
  let tile1_id = program_id % 2u;
  let tile1_begin = tile1_id * 64u;
  let id_rest = program_id / 2u;
  let tile0_id = id_rest;
  let tile0_begin = tile0_id * 2u;
  var acc_0 = vec4f(0.0f);
  var acc_1 = vec4f(0.0f);
  let tile2_lane = (thread >> 4u) << 2u;
  let tile1_lane = (thread % 16u) << 2u;
  for (var tile2_0 = 0u; tile2_0 < 32u; tile2_0 += 16u) {
    let tile2_at = tile2_0 + tile2_lane;
    let address_0 = tile0_begin * 8u + tile2_at / 4u;
    let x_0 = x_vec4[address_0];
    let x_1 = x_vec4[address_0 + 8u];
    let tile1_at = tile1_begin + tile1_lane;
    let address_1 = tile2_at * 24u + tile1_at / 4u;
    let tile1_in = tile1_at < 96u;
    let y_0 = select(vec4f(0.0f), y_vec4[address_1], tile1_in);
    let y_1 = select(vec4f(0.0f), y_vec4[address_1 + 24u], tile1_in);
    let y_2 = select(vec4f(0.0f), y_vec4[address_1 + 48u], tile1_in);
    let y_3 = select(vec4f(0.0f), y_vec4[address_1 + 72u], tile1_in);
    acc_0 = fma(vec4f(x_0.x), y_0, acc_0);
    acc_1 = fma(vec4f(x_1.x), y_0, acc_1);
    acc_0 = fma(vec4f(x_0.y), y_1, acc_0);
    acc_1 = fma(vec4f(x_1.y), y_1, acc_1);
    acc_0 = fma(vec4f(x_0.z), y_2, acc_0);
    acc_1 = fma(vec4f(x_1.z), y_2, acc_1);
    acc_0 = fma(vec4f(x_0.w), y_3, acc_0);
    acc_1 = fma(vec4f(x_1.w), y_3, acc_1);
  }
  let slot_0 = tile1_lane / 4u + (thread >> 4u) * 34u;
  exchange_0[slot_0] = acc_0;
  exchange_0[slot_0 + 17u] = acc_1;
  let tile0_lane = (thread >> 4u) % 2u;
  let slot_1 = tile1_lane / 4u + tile0_lane * 17u;
  workgroupBarrier();
  let v_0 = exchange_0[slot_1];
  let v_1 = exchange_0[slot_1 + 34u];
  let v_2 = exchange_0[slot_1 + 68u];
  let v_3 = exchange_0[slot_1 + 102u];
  let total_0 = v_0 + v_1;
  let total_1 = total_0 + v_2;
  let total_2 = total_1 + v_3;
  let tile0_at = tile0_begin + tile0_lane;
  let tile1_at_1 = tile1_begin + tile1_lane;
  let address_2 = tile0_at * 24u + tile1_at_1 / 4u;
  let tile1_in_1 = tile1_at_1 < 96u;
  if (((thread & 32u) == 0u) && tile1_in_1) {
    local2_vec4[address_2] = total_2;
  }
}
