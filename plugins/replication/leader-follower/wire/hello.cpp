#include "wire/hello.hpp"

#include <utility>

#include "wire/byte_reader.hpp"
#include "wire/byte_writer.hpp"

namespace kvhost::leader_follower {

std::string Hello::encode() const {
  std::string bytes;
  ByteWriter out(bytes);
  out.raw(kMagic);
  out.u32(version);
  out.counted(strategy);
  out.counted(cluster_id);
  out.counted(peer.id);
  out.u64(peer.identity);
  out.u64(peer.incarnation);
  out.counted(peer.advertise);
  return bytes;
}

Result<Hello> Hello::decode(std::string_view payload) {
  ByteReader in(payload);
  if (in.raw("magic", kMagic.size()) != kMagic) {
    return Status(StatusCode::PROTOCOL_ERROR, "greeting: no magic, so this is no peer of kvhost");
  }
  Hello hello;
  hello.version = in.u32("version");
  if (in.ok() && hello.version != kProtocolVersion) return hello;
  hello.strategy = in.text("strategy");
  hello.cluster_id = in.text("cluster id");
  hello.peer.id = in.text("node id");
  hello.peer.identity = in.u64("identity");
  hello.peer.incarnation = in.u64("incarnation");
  hello.peer.advertise = in.text("advertise");
  KVHOST_TRY(in.finish("greeting"));
  return hello;
}

Status Hello::check(const Hello& own) const {
  const auto differs = [](const char* what, const std::string& expected, const std::string& found) {
    return Status(StatusCode::CONFLICT,
                  std::string(what) + ": expected \"" + expected + "\", found \"" + found + "\"");
  };
  if (version != own.version) {
    return {StatusCode::NOT_SUPPORTED, "protocol version: expected " + std::to_string(own.version) +
                                           ", found " + std::to_string(version)};
  }
  if (strategy != own.strategy) return differs("replication strategy", own.strategy, strategy);
  if (cluster_id != own.cluster_id) return differs("cluster_id", own.cluster_id, cluster_id);
  if (peer.id.empty() || peer.identity == 0) {
    return {StatusCode::PROTOCOL_ERROR, "greeting: a node without an id or an identity"};
  }
  return {};
}

std::string encode_verdict(const Status& verdict) {
  std::string bytes;
  ByteWriter out(bytes);
  out.u32(static_cast<uint32_t>(verdict.code()));
  out.counted(verdict.message());
  return bytes;
}

Status decode_verdict(std::string_view payload) {
  ByteReader in(payload);
  const uint32_t code = in.u32("verdict");
  std::string words = in.text("words");
  KVHOST_TRY(in.finish("verdict"));
  if (code >= kStatusTable.size()) {
    return {StatusCode::PROTOCOL_ERROR, "verdict: unknown code " + std::to_string(code)};
  }
  return code == 0 ? Status() : Status(static_cast<StatusCode>(code), std::move(words));
}

}  // namespace kvhost::leader_follower
