#include "kvhost/client/types.hpp"

namespace kvhost::client {

WriteBatch::Op& WriteBatch::add(uint32_t type, uint32_t flags, std::string_view key,
                                std::string_view value) {
  bytes_ += key.size() + value.size();
  Op& op = ops_.emplace_back();
  op.type = type;
  op.flags = flags;
  op.key = key;
  op.value = value;
  return op;
}

WriteBatch& WriteBatch::require(uint32_t type, std::string_view key, uint64_t version,
                                std::string_view value) {
  bytes_ += key.size() + value.size();
  conditions_.push_back({type, std::string(key), version, std::string(value)});
  return *this;
}

WriteBatch& WriteBatch::put(std::string_view key, std::string_view value,
                            std::chrono::milliseconds ttl, bool keep_ttl) {
  add(KVH_OP_PUT, keep_ttl ? KVH_OP_KEEP_TTL : 0, key, value).ttl_ms =
      ttl.count() > 0 ? static_cast<uint64_t>(ttl.count()) : 0;
  return *this;
}

WriteBatch& WriteBatch::erase(std::string_view key, bool want_existed) {
  add(KVH_OP_DELETE, want_existed ? KVH_OP_WANT_EXISTED : 0, key, {});
  return *this;
}

WriteBatch& WriteBatch::erase_range(std::string_view start, std::optional<std::string_view> end) {
  add(KVH_OP_DELETE_RANGE, end ? 0 : KVH_OP_TO_END, start, end.value_or(std::string_view()));
  return *this;
}

WriteBatch& WriteBatch::increment(std::string_view key, int64_t by) {
  add(KVH_OP_INCREMENT, 0, key, {}).by = by;
  return *this;
}

WriteBatch& WriteBatch::require_absent(std::string_view key) {
  return require(KVH_IF_ABSENT, key, 0, {});
}
WriteBatch& WriteBatch::require_present(std::string_view key) {
  return require(KVH_IF_PRESENT, key, 0, {});
}
WriteBatch& WriteBatch::require_version(std::string_view key, uint64_t version) {
  return require(KVH_IF_VERSION, key, version, {});
}
WriteBatch& WriteBatch::require_value(std::string_view key, std::string_view value) {
  return require(KVH_IF_VALUE, key, 0, value);
}

void WriteBatch::clear() {
  ops_.clear();
  conditions_.clear();
  bytes_ = 0;
}

Range Range::with_prefix(std::string_view prefix) {
  Range range;
  range.start = prefix;
  // The first key after all that begin with the prefix: its last byte that can grow, grown.
  std::string end(prefix);
  while (!end.empty() && static_cast<unsigned char>(end.back()) == 0xff) end.pop_back();
  if (!end.empty()) {
    end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1);
    range.end = std::move(end);
  }
  return range;
}

}  // namespace kvhost::client
