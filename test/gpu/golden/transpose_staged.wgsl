@group(0) @binding(0) var<storage, read> x_vec4: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> local1_vec4: array<vec4f>;
var<workgroup> exchange_0: array<f32, 272>;

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  let program_id = workgroup.x;
  let tile1_id = program_id % 4u;
  let tile1_begin = tile1_id * 16u;
  let id_rest = program_id / 4u;
  let tile0_id = id_rest;
  let tile0_begin = tile0_id * 16u;
  let tile1_lane = (thread % 4u) << 2u;
  let tile1_at = tile1_begin + tile1_lane;
  let tile0_lane = thread >> 2u;
  let tile0_at = tile0_begin + tile0_lane;
  let address_0 = tile0_at * 16u + tile1_at / 4u;
  let x_0 = x_vec4[address_0];
  let x_1 = x_vec4[address_0 + 128u];
  let slot_0 = tile1_lane + tile0_lane * 17u;
  exchange_0[slot_0] = x_0.x;
  exchange_0[slot_0 + 1u] = x_0.y;
  exchange_0[slot_0 + 2u] = x_0.z;
  exchange_0[slot_0 + 3u] = x_0.w;
  exchange_0[slot_0 + 136u] = x_1.x;
  exchange_0[slot_0 + 137u] = x_1.y;
  exchange_0[slot_0 + 138u] = x_1.z;
  exchange_0[slot_0 + 139u] = x_1.w;
  let slot_1 = tile0_lane + tile1_lane * 17u;
  workgroupBarrier();
  let v_0 = exchange_0[slot_1];
  let v_1 = exchange_0[slot_1 + 17u];
  let v_2 = exchange_0[slot_1 + 34u];
  let v_3 = exchange_0[slot_1 + 51u];
  let v_4 = exchange_0[slot_1 + 8u];
  let v_5 = exchange_0[slot_1 + 25u];
  let v_6 = exchange_0[slot_1 + 42u];
  let v_7 = exchange_0[slot_1 + 59u];
  let v_8 = vec4f(v_0, v_1, v_2, v_3);
  let v_9 = vec4f(v_4, v_5, v_6, v_7);
  let tile0_at_1 = tile0_begin + tile1_lane;
  let tile1_at_1 = tile1_begin + tile0_lane;
  let address_1 = tile1_at_1 * 8u + tile0_at_1 / 4u;
  local1_vec4[address_1] = v_8;
  local1_vec4[address_1 + 64u] = v_9;
}
