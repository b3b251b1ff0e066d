requires immediate_address_space;

@group(0) @binding(0) var<storage, read> x_vec4: array<vec4f>;
@group(0) @binding(1) var<storage, read> weight_vec4: array<vec4f>;
@group(0) @binding(2) var<storage, read> bias_vec4: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> local3_vec4: array<vec4f>;
struct Launch {
  x_shape_1: u32,
  x_shape_0: u32,
  epsilon_f32: f32,
}
var<immediate> launch: Launch;
var<workgroup> partial_0: array<f32, 64>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) workgroups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let program_id = workgroup.x + workgroup.y * workgroups.x;
  let size_0 = (launch.x_shape_0 + 3u) / 4u;
  if (program_id >= size_0) {
    return;
  }
  let tile0_id = program_id;
  let tile0_begin = tile0_id * 4u;
  let tile0_lane = thread >> 4u;
  let tile0_at = tile0_begin + tile0_lane;
  let size_1 = launch.x_shape_1 / 4u;
  let slice1_lane = (thread % 16u) << 2u;
  let address_0 = tile0_at * size_1 + slice1_lane / 4u;
  let slice1_in = slice1_lane < launch.x_shape_1;
  let tile0_in = tile0_at < launch.x_shape_0;
  let x_0 = select(vec4f(0.0f), x_vec4[address_0], tile0_in && slice1_in);
  let sum_1 = x_0.z + x_0.w;
  let sum_0 = x_0.x + x_0.y;
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
  let v_0 = f32(i32(launch.x_shape_1));
  let row_0 = sum_17 / v_0;
  let sub_0 = x_0 - row_0;
  let v_1 = select(vec4f(0.0f), sub_0 * sub_0, slice1_in);
  let sum_18 = v_1.x + v_1.y;
  let sum_19 = v_1.z + v_1.w;
  let sum_20 = sum_18 + sum_19;
  workgroupBarrier();
  partial_0[slot_0 + thread % 16u] = sum_20;
  workgroupBarrier();
  let sum_21 = partial_0[slot_0] + partial_0[slot_0 + 1u];
  let sum_22 = sum_21 + partial_0[slot_0 + 2u];
  let sum_23 = sum_22 + partial_0[slot_0 + 3u];
  let sum_24 = sum_23 + partial_0[slot_0 + 4u];
  let sum_25 = sum_24 + partial_0[slot_0 + 5u];
  let sum_26 = sum_25 + partial_0[slot_0 + 6u];
  let sum_27 = sum_26 + partial_0[slot_0 + 7u];
  let sum_28 = sum_27 + partial_0[slot_0 + 8u];
  let sum_29 = sum_28 + partial_0[slot_0 + 9u];
  let sum_30 = sum_29 + partial_0[slot_0 + 10u];
  let sum_31 = sum_30 + partial_0[slot_0 + 11u];
  let sum_32 = sum_31 + partial_0[slot_0 + 12u];
  let sum_33 = sum_32 + partial_0[slot_0 + 13u];
  let sum_34 = sum_33 + partial_0[slot_0 + 14u];
  let sum_35 = sum_34 + partial_0[slot_0 + 15u];
  let row_1 = inverseSqrt(sum_35 / v_0 + launch.epsilon_f32);
  let address_1 = slice1_lane / 4u;
  let weight_0 = select(vec4f(0.0f), weight_vec4[address_1], slice1_in);
  let bias_0 = select(vec4f(0.0f), bias_vec4[address_1], slice1_in);
  let v_2 = sub_0 * row_1 * weight_0 + bias_0;
  if (tile0_in && slice1_in) {
    local3_vec4[address_0] = v_2;
  }
}
