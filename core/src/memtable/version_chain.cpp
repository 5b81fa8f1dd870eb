#include "memtable/version_chain.hpp"

#include <cstring>
#include <memory>

#include "base/assert.hpp"

namespace kvhost::engine {

const KeyVersion* make_version(char* memory, const Record& record, const KeyVersion* older) {
  KVHOST_ASSERT(older == nullptr || older->sequence() < record.sequence,
                "a memtable takes the versions of a key in ascending order of their numbers");
  KVHOST_ASSERT(record.value.size() <= UINT32_MAX, "a value is longer than 4 GiB");
  KeyVersion* version = std::construct_at(reinterpret_cast<KeyVersion*>(memory));
  version->older = older;
  version->jump = version;
  version->depth = 0;
  if (older != nullptr) {
    const KeyVersion* far = older->jump;
    const bool equal_strides = older->depth - far->depth == far->depth - far->jump->depth;
    version->jump = equal_strides ? far->jump : older;
    version->depth = older->depth + 1;
  }
  version->sequence_and_type = (record.sequence << 8) | static_cast<uint8_t>(record.type);
  version->expires_at_ms = record.expires_at_ms;
  version->value_size = static_cast<uint32_t>(record.value.size());
  if (!record.value.empty()) {
    std::memcpy(memory + sizeof(KeyVersion), record.value.data(), record.value.size());
  }
  return version;
}

}  // namespace kvhost::engine
