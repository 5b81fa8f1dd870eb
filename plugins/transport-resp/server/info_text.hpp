// The text of INFO.
//
// Threads:   any.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "command/key_view.hpp"
#include "server/server.hpp"

namespace kvhost::resp {

struct KeyspaceCount {
  uint64_t keys = 0;
  uint64_t ends = 0;  // keys with a ttl
};
using KeyspaceCounts = std::array<KeyspaceCount, kDatabases>;

// INFO counts no further than this in a database.
inline constexpr uint64_t kMaxCountedKeys = 100'000;

// Names in lower case; none means the usual ones.
bool wants_keyspace(const std::vector<std::string>& sections);
std::string info_text(const Server& server, const std::vector<std::string>& sections,
                      const KeyspaceCounts& keyspace);

}  // namespace kvhost::resp
