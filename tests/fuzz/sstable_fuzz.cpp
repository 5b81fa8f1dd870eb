// Feeds arbitrary bytes to everything that decodes a table: no input may crash it, make it allocate
// by a lying length, or walk it outside of what it read. The first byte says as what the rest is
// taken: a whole file, or one block's payload in a table that is sound otherwise, checksums
// included.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "base/coding.hpp"
#include "base/hash.hpp"
#include "sstable/data_block_builder.hpp"
#include "sstable/fences.hpp"
#include "sstable/filter.hpp"
#include "sstable/small_blocks.hpp"
#include "sstable/table_frame.hpp"
#include "sstable/table_reader.hpp"

using namespace kvhost::engine;  // NOLINT(*-build-using-namespace)

namespace {

enum Role : uint8_t {
  kFile,
  kData,
  kFilter,
  kTombstones,
  kFences,
  kProperties,
  kLz4,
  kZstd,
  kRoles
};

class BytesFile final : public RandomAccessFile {
 public:
  explicit BytesFile(std::string bytes) : bytes_(std::move(bytes)) {}
  kvhost::Result<std::size_t> read_at(uint64_t offset, std::span<char> out) const override {
    if (offset >= bytes_.size()) return std::size_t{0};
    const std::size_t count = std::min<std::size_t>(out.size(), bytes_.size() - offset);
    std::memcpy(out.data(), bytes_.data() + offset, count);
    return count;
  }
  kvhost::Result<uint64_t> size() const override { return uint64_t{bytes_.size()}; }
  void will_need(uint64_t, uint64_t) const override {}

 private:
  std::string bytes_;
};

std::string sound_data_block() {
  DataBlockBuilder builder;
  for (const char* key : {"apple", "banana", "cherry"}) {
    builder.add({key, "value", 7}, key_tag(key_hash(key)));
  }
  return builder.finish();
}

// A sealed block whose body claims to be compressed by `codec`.
std::string sealed_as(BlockSealer& sealer, std::string_view body, Codec codec, uint64_t claimed,
                      uint64_t offset, const FileIdentity& identity) {
  std::string stored = sealer.seal(body, BlockKind::kData, Codec::kNone, offset);
  char* trailer = stored.data() + stored.size() - kBlockTrailerBytes;
  trailer[0] = static_cast<char>(codec);
  store_fixed32(trailer + 4, static_cast<uint32_t>(claimed));
  stored.resize(stored.size() - 8);
  append_fixed64(stored, checksum64(stored, block_seed(identity, offset)));
  return stored;
}

std::string table_with(Role role, std::string_view payload) {
  const FileIdentity identity{1, 2};
  BlockSealer sealer(identity, 1);
  TableFooter footer;
  footer.identity = identity;
  std::string file = encode_table_header(identity);
  if (role == kLz4 || role == kZstd) {
    const uint64_t claimed = payload.size() < 2 ? 0 : load_fixed16(payload.data());
    file += sealed_as(sealer, payload.substr(std::min<std::size_t>(2, payload.size())),
                      role == kLz4 ? Codec::kLz4 : Codec::kZstd, claimed, file.size(), identity);
  } else {
    const std::string data = role == kData ? std::string(payload) : sound_data_block();
    file += sealer.seal(data, BlockKind::kData, Codec::kNone, file.size());
  }
  footer.data_end = file.size();
  const auto add = [&](BlockKind kind, Role own_role, const std::string& sound) {
    const BlockHandle handle{file.size(), 0};
    const std::string bytes = role == own_role ? std::string(payload) : sound;
    file += sealer.seal(bytes, kind, Codec::kNone, file.size());
    return BlockHandle{handle.offset, file.size() - handle.offset};
  };
  FilterBuilder filter(10);
  filter.add(key_hash("apple"));
  FenceBuilder fences;
  fences.add_block("apple", "cherry", footer.data_end - kTableHeaderBytes);
  const RangeTombstone tombstone{"a", "z", 3};
  TableProperties properties;
  properties.entries = 3;
  footer.filter = add(BlockKind::kFilter, kFilter, filter.finish());
  footer.range_tombstones =
      add(BlockKind::kRangeTombstones, kTombstones, encode_range_tombstones({&tombstone, 1}));
  footer.fences = add(BlockKind::kFences, kFences, fences.finish(kTableHeaderBytes));
  footer.properties = add(BlockKind::kProperties, kProperties, encode_properties(properties));
  footer.file_size = file.size() + kTableFooterBytes;
  return file + footer.encode();
}

uint64_t touch(std::string_view bytes) {
  uint64_t sum = 0;
  for (const char byte : bytes) sum += static_cast<uint8_t>(byte);
  return sum;
}

void read_everything(std::string file) {
  const auto reader =
      TableReader::open(std::make_unique<BytesFile>(std::move(file)), "fuzz.sst", {});
  if (!reader) return;
  volatile uint64_t sum = 0;
  const auto iterator = (*reader)->iterator();
  int steps = 0;
  for (iterator->seek_to_first(); iterator->valid() && steps < 10'000; iterator->next(), ++steps) {
    sum = sum + touch(iterator->record().key) + touch(iterator->record().value);
  }
  for (iterator->seek_to_last(); iterator->valid() && steps < 20'000; iterator->prev(), ++steps) {
    sum = sum + touch(iterator->record().value);
  }
  for (const std::string_view key : {std::string_view(), std::string_view("apple"),
                                     std::string_view("banana\0", 7), std::string_view("zz")}) {
    iterator->seek(key, 5);
    iterator->seek_for_prev(key, 5);
    const auto hit = (*reader)->get_past_filter(key, kMaxSequence, key_hash(key));
    if (hit && *hit) sum = sum + touch((*hit)->record.value);
    sum = sum + (*reader)->range_tombstones()->covering_sequence(key, kMaxSequence);
    sum = sum + ((*reader)->may_contain(key_hash(key)) ? 1 : 0);
  }
  static_cast<void>((*reader)->verify_all());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto role = static_cast<Role>(data[0] % kRoles);
  read_everything(role == kFile ? std::string(rest) : table_with(role, rest));
  return 0;
}
