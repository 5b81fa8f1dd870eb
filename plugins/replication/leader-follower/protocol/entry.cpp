#include "protocol/entry.hpp"

#include <bit>

namespace kvhost::leader_follower {

static_assert(std::endian::native == std::endian::little,
              "payloads are written as memory holds it");

NodeKey node_key(std::string_view id) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : id) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3u;
  }
  hash ^= hash >> 32;
  return hash == 0 ? 1 : hash;
}

DraftPayload draft_payload(std::string_view body) {
  auto draft = std::make_shared<std::string>();
  draft->reserve(kPayloadHeadBytes + body.size());
  draft->assign(kPayloadHeadBytes, '\0');
  draft->append(body);
  return draft;
}

Entry Entry::order(uint64_t index, Epoch epoch, EntryKind kind, uint64_t now_ms,
                   DraftPayload draft) {
  char* const head = draft->data();
  head[0] = static_cast<char>(kind);
  std::memcpy(head + 1, &epoch.node, sizeof(epoch.node));
  std::memcpy(head + 9, &now_ms, sizeof(now_ms));
  const std::string_view bytes = *draft;
  return {index, epoch.counter, {std::move(draft), bytes}};
}

Status check_payload(std::string_view payload) {
  if (payload.size() < kPayloadHeadBytes) {
    return {StatusCode::PROTOCOL_ERROR, "entry: expected at least " +
                                            std::to_string(kPayloadHeadBytes) + " bytes, found " +
                                            std::to_string(payload.size())};
  }
  const auto kind = static_cast<uint8_t>(payload[0]);
  if (kind > static_cast<uint8_t>(EntryKind::kMembers)) {
    return {StatusCode::PROTOCOL_ERROR, "entry: unknown kind " + std::to_string(kind)};
  }
  return {};
}

}  // namespace kvhost::leader_follower
