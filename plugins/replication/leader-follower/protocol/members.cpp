#include "protocol/members.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "wire/byte_reader.hpp"
#include "wire/byte_writer.hpp"

namespace kvhost::leader_follower {

const Member* Members::find(NodeKey key) const {
  for (const auto& member : nodes) {
    if (member.key() == key) return &member;
  }
  return nullptr;
}

void Members::insert(Member member) {
  erase(member.key());
  nodes.push_back(std::move(member));
  std::sort(nodes.begin(), nodes.end(),
            [](const Member& a, const Member& b) { return a.id < b.id; });
}

void Members::erase(NodeKey key) {
  std::erase_if(nodes, [&](const Member& member) { return member.key() == key; });
}

Status Members::check() const {
  std::set<NodeKey> keys;
  for (const auto& member : nodes) {
    if (member.id.empty()) return {StatusCode::CONFIG_ERROR, "a member without an id"};
    if (!keys.insert(member.key()).second) {
      return {StatusCode::CONFIG_ERROR, "two members have the id \"" + member.id +
                                            "\" (or ids with one hash): name each node once"};
    }
  }
  const auto too_large = [&](const char* what, uint32_t quorum) {
    return Status(StatusCode::CONFIG_ERROR, std::string(what) + " of " + std::to_string(quorum) +
                                                " is larger than the cluster of " +
                                                std::to_string(count()));
  };
  if (write_quorum() > count()) return too_large("write_quorum", write_quorum());
  if (read_quorum() > count()) return too_large("read_quorum", read_quorum());
  return {};
}

std::string Members::encode() const {
  std::string bytes;
  ByteWriter writer(bytes);
  writer.u32(chosen_write_quorum);
  writer.u32(chosen_read_quorum);
  writer.u32(count());
  for (const auto& member : nodes) {
    writer.counted(member.id);
    writer.counted(member.address);
  }
  return bytes;
}

Result<Members> Members::decode(std::string_view bytes) {
  ByteReader reader(bytes);
  Members members;
  members.chosen_write_quorum = reader.u32("write quorum");
  members.chosen_read_quorum = reader.u32("read quorum");
  const uint32_t count = reader.count("members", 8);
  for (uint32_t i = 0; i < count && reader.ok(); ++i) {
    Member member;
    member.id = reader.text("id");
    member.address = reader.text("address");
    members.insert(std::move(member));
  }
  KVHOST_TRY(reader.finish("members"));
  return members;
}

}  // namespace kvhost::leader_follower
