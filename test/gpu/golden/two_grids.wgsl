@group(0) @binding(0) var<storage, read> x_vec4: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> local1_data: array<f32>;
var<workgroup> partial_0: array<vec2f, 32>;

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  let program_id = workgroup.x;
  let tile0_id = program_id;
  let tile0_begin = tile0_id * 4u;
  let tile0_lane = thread >> 4u;
  let tile0_at = tile0_begin + tile0_lane;
  let slice1_lane = (thread % 16u) << 2u;
  let address_0 = tile0_at * 16u + slice1_lane / 4u;
  let x_0 = x_vec4[address_0];
  let x_1 = x_vec4[address_0 + 32u];
  let sum_0 = vec2f(x_0.x, x_1.x) + vec2f(x_0.y, x_1.y);
  let sum_1 = vec2f(x_0.z, x_1.z) + vec2f(x_0.w, x_1.w);
  let sum_2 = sum_0 + sum_1;
  let slot_0 = (thread >> 4u) * 16u;
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
  if ((thread & 15u) == 0u) {
    local1_data[tile0_at] = sum_17.x;
    local1_data[tile0_at + 2u] = sum_17.y;
  }
}

@group(0) @binding(0) var<storage, read> x_vec4: array<vec4f>;
@group(0) @binding(1) var<storage, read> local1_data: array<f32>;
@group(0) @binding(2) var<storage, read_write> local2_vec4: array<vec4f>;

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  let program_id = workgroup.x;
  let tile3_id = program_id % 4u;
  let tile3_begin = tile3_id * 16u;
  let id_rest = program_id / 4u;
  let tile2_id = id_rest;
  let tile2_begin = tile2_id * 4u;
  let tile2_lane = (thread >> 2u) % 4u;
  let tile2_at = tile2_begin + tile2_lane;
  let tile3_lane = (thread % 4u) << 2u;
  let tile3_at = tile3_begin + tile3_lane;
  let address_0 = tile2_at * 16u + tile3_at / 4u;
  let x_0 = x_vec4[address_0];
  let local1_0 = local1_data[tile2_at];
  let v_0 = x_0 - local1_0;
  if ((thread & 16u) == 0u) {
    local2_vec4[address_0] = v_0;
  }
}
