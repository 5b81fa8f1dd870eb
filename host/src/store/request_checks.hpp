// The limits of single requests: what a call, a read or a write may hold.
//
// Threads:   functions any.
// Errors:    INVALID_ARGUMENT names the part; TOO_LARGE names the limit and the setting behind it.
#pragma once

#include <cstdint>

#include "kvhost/abi/store.h"
#include "kvhost/result.hpp"
#include "store/store_settings.hpp"

namespace kvhost::host {

// Spaces that clients may name; the rest belong to the node itself.
inline constexpr uint32_t kClientSpaces = 16;
// Where answers to requests with an id are kept.
inline constexpr uint32_t kRequestIdSpace = 0xFFFFFFF0u;
inline constexpr uint64_t kMaxRequestIdBytes = 128;

// The members of `call` that can be wrong by themselves.
Status check_call(const kvh_call* call);
Status check_key(const StoreSettings& settings, kvh_bytes key);
Status check_read(const StoreSettings& settings, const kvh_bytes* keys, uint64_t count);
Status check_range(const StoreSettings& settings, const kvh_range* range);

// The space that an operation's flags or a condition's type name; else the call's.
constexpr uint32_t space_of(uint32_t word, uint32_t call_space) {
  return (word & KVH_OTHER_SPACE) != 0 ? word >> KVH_SPACE_SHIFT : call_space;
}
constexpr uint32_t condition_kind(const kvh_condition& condition) {
  return condition.type & (KVH_OTHER_SPACE - 1);
}

// The operations and conditions of one write, by their strides.
struct WriteInput {
  const kvh_op* ops = nullptr;
  uint64_t op_count = 0;
  uint64_t op_stride = 0;
  const kvh_condition* conditions = nullptr;
  uint64_t condition_count = 0;
  uint64_t condition_stride = 0;

  const kvh_op& op(uint64_t index) const;
  const kvh_condition& condition(uint64_t index) const;
};
// The bytes of keys and values together.
Result<uint64_t> check_write(const StoreSettings& settings, const WriteInput& input);

}  // namespace kvhost::host
