@group(0) @binding(0) var<storage, read> x_data: array<f32>;
@group(0) @binding(1) var<storage, read_write> local1_data: array<i32>;
var<workgroup> partial_0: array<i32, 32>;
var<workgroup> partial_1: array<i32, 32>;

fn infinity() -> f32 {
  var bits = 0x7f800000u;
  return bitcast<f32>(bits);
}
fn rank_nan_high_v4f(x: vec4f) -> vec4i {
  let bits = bitcast<vec4i>(vec4f(x));
  let size = bits & vec4i(0x7fffffff);
  return select(select(size, -size, bits < vec4i(0)), vec4i(0x7fffffff), size > vec4i(0x7f800000));
}

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  let program_id = workgroup.x;
  let tile0_id = program_id;
  let slice1_in = thread < 75u;
  let address_0 = tile0_id * 75u + thread;
  let x_0 = select(-infinity(), x_data[address_0], slice1_in);
  let slice1_in_1 = thread + 32u < 75u;
  let x_1 = select(-infinity(), x_data[address_0 + 32u], slice1_in_1);
  let slice1_in_2 = thread + 64u < 75u;
  let x_2 = select(-infinity(), x_data[address_0 + 64u], slice1_in_2);
  let slice1_in_3 = thread + 96u < 75u;
  let x_3 = select(-infinity(), x_data[address_0 + 96u], slice1_in_3);
  let x_4 = vec4f(x_0, x_1, x_2, x_3);
  let rank_0 = rank_nan_high_v4f(x_4);
  let lane_0 = i32(thread);
  let at_0 = lane_0 + vec4i(0i, 32i, 64i, 96i);
  let wins_0 = (rank_0.y > rank_0.x) | ((rank_0.y == rank_0.x) & (at_0.y < at_0.x));
  let best_0 = select(rank_0.x, rank_0.y, wins_0);
  let at_1 = select(at_0.x, at_0.y, wins_0);
  let wins_1 = (rank_0.w > rank_0.z) | ((rank_0.w == rank_0.z) & (at_0.w < at_0.z));
  let best_1 = select(rank_0.z, rank_0.w, wins_1);
  let at_2 = select(at_0.z, at_0.w, wins_1);
  let wins_2 = (best_1 > best_0) | ((best_1 == best_0) & (at_2 < at_1));
  let best_2 = select(best_0, best_1, wins_2);
  let at_3 = select(at_1, at_2, wins_2);
  partial_0[thread] = best_2;
  partial_1[thread] = at_3;
  workgroupBarrier();
  var running_0 = partial_0[0u];
  var running_1 = partial_1[0u];
  for (var i_0 = 1u; i_0 < 32u; i_0++) {
    let wins_3 = (partial_0[i_0] > running_0) | ((partial_0[i_0] == running_0) & (partial_1[i_0] < running_1));
    let best_3 = select(running_0, partial_0[i_0], wins_3);
    let at_4 = select(running_1, partial_1[i_0], wins_3);
    running_0 = best_3;
    running_1 = at_4;
  }
  if ((thread & 31u) == 0u) {
    local1_data[tile0_id] = running_1;
  }
}
