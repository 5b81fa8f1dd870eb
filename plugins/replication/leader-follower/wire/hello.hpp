// What two nodes say first: who they are, and whether they will have each other.
//
// Threads:   values.
// Errors:    check(): words for the operator, which are also sent to the other side.
// Format:    docs/protocols/replication.md, "Greeting".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "kvhost/result.hpp"
#include "protocol/replica_settings.hpp"

namespace kvhost::leader_follower {

inline constexpr std::string_view kMagic = "KVHREPL\n";
inline constexpr uint32_t kProtocolVersion = 1;
inline constexpr std::string_view kStrategyName = "leader-follower";
// A greeting fits into this, a longer one is refused before it is read.
inline constexpr uint64_t kMaxHelloBytes = 16 << 10;

struct Hello {
  uint32_t version = kProtocolVersion;
  std::string strategy{kStrategyName};
  std::string cluster_id;
  PeerHello peer;

  // The magic comes first, so that garbage is told from a peer of another version.
  std::string encode() const;
  static Result<Hello> decode(std::string_view payload);
  // May `own` and this node talk at all? What a Replica has to say comes after.
  Status check(const Hello& own) const;
};

std::string encode_verdict(const Status& verdict);
// The verdict; a payload that is none is a refusal, too.
Status decode_verdict(std::string_view payload);

}  // namespace kvhost::leader_follower
