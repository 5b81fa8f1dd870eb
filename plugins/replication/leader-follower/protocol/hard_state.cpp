#include "protocol/hard_state.hpp"

#include <utility>

#include "wire/byte_reader.hpp"
#include "wire/byte_writer.hpp"

namespace kvhost::leader_follower {
namespace {

constexpr uint8_t kVersion = 1;

void write(ByteWriter& writer, const Epoch& epoch) {
  writer.u64(epoch.counter);
  writer.u64(epoch.node);
}

void write(ByteWriter& writer, const LogBase& base) {
  write(writer, base.position.epoch);
  writer.u64(base.position.index);
  writer.u64(base.now_ms);
  writer.counted(base.members.encode());
}

Epoch read_epoch(ByteReader& reader) {
  Epoch epoch;
  epoch.counter = reader.u64("epoch");
  epoch.node = reader.u64("epoch's node");
  return epoch;
}

Result<LogBase> read_base(ByteReader& reader) {
  LogBase base;
  base.position.epoch = read_epoch(reader);
  base.position.index = reader.u64("base index");
  base.now_ms = reader.u64("base time");
  const auto members = reader.counted("members");
  if (!reader.ok()) return base;
  KVHOST_TRY_ASSIGN(base.members, Members::decode(members));
  return base;
}

}  // namespace

std::string HardState::encode() const {
  std::string bytes;
  ByteWriter writer(bytes);
  writer.u8(kVersion);
  writer.u64(identity);
  writer.u64(incarnation);
  write(writer, promised);
  write(writer, reign);
  write(writer, base);
  writer.u8(installing ? 1 : 0);
  if (installing) {
    writer.u64(installing->incarnation);
    write(writer, installing->promised);
    write(writer, installing->base);
  }
  writer.u32(static_cast<uint32_t>(known.size()));
  for (const auto& [key, peer_identity] : known) {
    writer.u64(key);
    writer.u64(peer_identity);
  }
  return bytes;
}

Result<HardState> HardState::decode(std::string_view bytes) {
  ByteReader reader(bytes);
  HardState state;
  const uint8_t version = reader.u8("version");
  if (reader.ok() && version != kVersion) {
    return Status(StatusCode::FORMAT_UNSUPPORTED, "journal's state: expected version " +
                                                      std::to_string(kVersion) + ", found " +
                                                      std::to_string(version));
  }
  state.identity = reader.u64("identity");
  state.incarnation = reader.u64("incarnation");
  state.promised = read_epoch(reader);
  state.reign = read_epoch(reader);
  KVHOST_TRY_ASSIGN(state.base, read_base(reader));
  if (reader.flag("installing")) {
    Install install;
    install.incarnation = reader.u64("installing incarnation");
    install.promised = read_epoch(reader);
    KVHOST_TRY_ASSIGN(install.base, read_base(reader));
    state.installing = std::move(install);
  }
  const uint32_t count = reader.count("known nodes", 16);
  for (uint32_t i = 0; i < count; ++i) {
    const NodeKey key = reader.u64("known node");
    state.known[key] = reader.u64("known identity");
  }
  if (const Status whole = reader.finish("journal's state"); !whole) {
    return Status(StatusCode::CORRUPTION, whole.message());
  }
  return state;
}

}  // namespace kvhost::leader_follower
