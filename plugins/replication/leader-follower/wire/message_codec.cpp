#include "wire/message_codec.hpp"

#include <utility>

#include "wire/byte_reader.hpp"
#include "wire/byte_writer.hpp"

namespace kvhost::leader_follower {
namespace {

// ---- parts

void put(ByteWriter& out, const Epoch& epoch) {
  out.u64(epoch.counter);
  out.u64(epoch.node);
}
void put(ByteWriter& out, const LogPosition& position) {
  put(out, position.epoch);
  out.u64(position.index);
}
void put(ByteWriter& out, const std::vector<Entry>& entries) {
  out.u64(entries.empty() ? 0 : entries.front().index);
  out.u32(static_cast<uint32_t>(entries.size()));
  for (const Entry& entry : entries) {
    out.u64(entry.counter);
    out.counted(entry.payload.bytes);
  }
}
void put(ByteWriter& out, const Status& status) {
  out.u32(static_cast<uint32_t>(status.code()));
  out.counted(status.message());
}

Epoch take_epoch(ByteReader& in) {
  Epoch epoch;
  epoch.counter = in.u64("epoch");
  epoch.node = in.u64("epoch's node");
  return epoch;
}
LogPosition take_position(ByteReader& in) {
  LogPosition position;
  position.epoch = take_epoch(in);
  position.index = in.u64("index");
  return position;
}
std::vector<Entry> take_entries(ByteReader& in, const std::shared_ptr<const std::string>& frame) {
  uint64_t index = in.u64("first index");
  const uint32_t count = in.count("entries", 12 + kPayloadHeadBytes);
  std::vector<Entry> entries;
  entries.reserve(count);
  for (uint32_t i = 0; i < count && in.ok(); ++i) {
    Entry entry;
    entry.index = index++;
    entry.counter = in.u64("entry's epoch");
    entry.payload = {frame, in.counted("entry")};
    if (!in.ok()) break;
    if (const Status whole = check_payload(entry.payload.bytes); !whole) {
      in.refuse("entries", whole.message());
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}
Status take_status(ByteReader& in) {
  const uint32_t code = in.u32("status");
  const auto words = in.counted("words");
  if (code >= kStatusTable.size()) {
    in.refuse("status", "unknown code " + std::to_string(code));
    return {};
  }
  return code == 0 ? Status() : Status(static_cast<StatusCode>(code), std::string(words));
}
Members take_members(ByteReader& in) {
  const auto bytes = in.counted("members");
  if (!in.ok()) return {};
  auto members = Members::decode(bytes);
  if (members) return std::move(*members);
  in.refuse("members", members.error().message());
  return {};
}

// ---- messages, in the order of their numbers

void write(ByteWriter& out, const Append& m) {
  put(out, m.epoch);
  put(out, m.prev);
  out.u64(m.commit);
  out.u64(m.sent_ns);
  put(out, m.entries);
}
void read(ByteReader& in, Append& m, const std::shared_ptr<const std::string>& frame) {
  m.epoch = take_epoch(in);
  m.prev = take_position(in);
  m.commit = in.u64("commit");
  m.sent_ns = in.u64("sent");
  m.entries = take_entries(in, frame);
}

void write(ByteWriter& out, const AppendReply& m) {
  put(out, m.epoch);
  put(out, m.promised);
  put(out, m.accepted);
  out.u8(m.is_accepted ? 1 : 0);
  out.u64(m.match);
  out.u64(m.applied);
  out.u64(m.sent_ns);
}
void read(ByteReader& in, AppendReply& m, const std::shared_ptr<const std::string>&) {
  m.epoch = take_epoch(in);
  m.promised = take_epoch(in);
  m.accepted = take_epoch(in);
  m.is_accepted = in.flag("accepted");
  m.match = in.u64("match");
  m.applied = in.u64("applied");
  m.sent_ns = in.u64("sent");
}

void write(ByteWriter& out, const GrantAsk& m) {
  put(out, m.epoch);
  put(out, m.resume_of);
}
void read(ByteReader& in, GrantAsk& m, const std::shared_ptr<const std::string>&) {
  m.epoch = take_epoch(in);
  m.resume_of = take_epoch(in);
}

void write(ByteWriter& out, const GrantReply& m) {
  put(out, m.epoch);
  out.u8(m.is_granted ? 1 : 0);
  put(out, m.promised);
  put(out, m.accepted);
  put(out, m.last);
  out.u64(m.base_index);
  out.counted(m.reason);
}
void read(ByteReader& in, GrantReply& m, const std::shared_ptr<const std::string>&) {
  m.epoch = take_epoch(in);
  m.is_granted = in.flag("granted");
  m.promised = take_epoch(in);
  m.accepted = take_epoch(in);
  m.last = take_position(in);
  m.base_index = in.u64("base");
  m.reason = in.text("reason");
}

void write(ByteWriter& out, const FetchAsk& m) {
  put(out, m.epoch);
  put(out, m.prev);
}
void read(ByteReader& in, FetchAsk& m, const std::shared_ptr<const std::string>&) {
  m.epoch = take_epoch(in);
  m.prev = take_position(in);
}

void write(ByteWriter& out, const FetchReply& m) {
  put(out, m.epoch);
  put(out, m.prev);
  out.u8(m.is_there ? 1 : 0);
  out.u64(m.hint);
  out.u64(m.base_index);
  put(out, m.last);
  put(out, m.entries);
}
void read(ByteReader& in, FetchReply& m, const std::shared_ptr<const std::string>& frame) {
  m.epoch = take_epoch(in);
  m.prev = take_position(in);
  m.is_there = in.flag("is there");
  m.hint = in.u64("hint");
  m.base_index = in.u64("base");
  m.last = take_position(in);
  m.entries = take_entries(in, frame);
}

void write(ByteWriter& out, const PositionAsk& m) {
  put(out, m.epoch);
  out.u64(m.round);
}
void read(ByteReader& in, PositionAsk& m, const std::shared_ptr<const std::string>&) {
  m.epoch = take_epoch(in);
  m.round = in.u64("round");
}

void write(ByteWriter& out, const PositionReply& m) {
  out.u64(m.round);
  put(out, m.promised);
  put(out, m.durable);
}
void read(ByteReader& in, PositionReply& m, const std::shared_ptr<const std::string>&) {
  m.round = in.u64("round");
  m.promised = take_epoch(in);
  m.durable = take_position(in);
}

void write(ByteWriter& out, const Forward& m) {
  out.u64(m.request);
  out.u8(static_cast<uint8_t>(m.kind));
  out.u32(m.read_level);
  out.u64(m.timeout_ns);
  out.counted(m.name);
  out.u32(static_cast<uint32_t>(m.batches.size()));
  for (const auto& batch : m.batches) {
    out.counted(std::string_view(*batch).substr(kPayloadHeadBytes));
  }
}
void read(ByteReader& in, Forward& m, const std::shared_ptr<const std::string>&) {
  m.request = in.u64("request");
  const uint8_t kind = in.u8("kind");
  if (kind > static_cast<uint8_t>(ForwardKind::kCommand)) {
    in.refuse("kind", "unknown kind " + std::to_string(kind));
  }
  m.kind = static_cast<ForwardKind>(kind);
  m.read_level = in.u32("read level");
  m.timeout_ns = in.u64("timeout");
  m.name = in.text("name");
  const uint32_t count = in.count("batches", 4);
  for (uint32_t i = 0; i < count && in.ok(); ++i) {
    m.batches.push_back(draft_payload(in.counted("batch")));
  }
}

void write(ByteWriter& out, const ForwardReply& m) {
  out.u64(m.request);
  put(out, m.status);
  out.u64(m.index);
  out.u64(m.now_ms);
  out.u32(static_cast<uint32_t>(m.outcomes.size()));
  for (const auto& outcome : m.outcomes) out.counted(outcome);
}
void read(ByteReader& in, ForwardReply& m, const std::shared_ptr<const std::string>&) {
  m.request = in.u64("request");
  m.status = take_status(in);
  m.index = in.u64("index");
  m.now_ms = in.u64("now");
  const uint32_t count = in.count("outcomes", 4);
  for (uint32_t i = 0; i < count && in.ok(); ++i) m.outcomes.push_back(in.text("outcome"));
}

void write(ByteWriter& out, const TakeOver& m) { put(out, m.epoch); }
void read(ByteReader& in, TakeOver& m, const std::shared_ptr<const std::string>&) {
  m.epoch = take_epoch(in);
}

void write(ByteWriter& out, const CheckpointOffer& m) {
  put(out, m.epoch);
  out.u64(m.transfer);
  out.u64(m.incarnation);
  put(out, m.position);
  out.u64(m.now_ms);
  out.counted(m.members.encode());
  out.counted(m.manifest);
}
void read(ByteReader& in, CheckpointOffer& m, const std::shared_ptr<const std::string>&) {
  m.epoch = take_epoch(in);
  m.transfer = in.u64("transfer");
  m.incarnation = in.u64("incarnation");
  m.position = take_position(in);
  m.now_ms = in.u64("now");
  m.members = take_members(in);
  m.manifest = in.text("manifest");
}

void write(ByteWriter& out, const CheckpointAsk& m) {
  out.u64(m.transfer);
  out.counted(m.file);
  out.u64(m.offset);
  out.u32(m.max_bytes);
}
void read(ByteReader& in, CheckpointAsk& m, const std::shared_ptr<const std::string>&) {
  m.transfer = in.u64("transfer");
  m.file = in.text("file");
  m.offset = in.u64("offset");
  m.max_bytes = in.u32("max bytes");
}

void write(ByteWriter& out, const CheckpointChunk& m) {
  out.u64(m.transfer);
  out.counted(m.file);
  out.u64(m.offset);
  out.u32(m.checksum);
  out.counted(m.bytes);
}
void read(ByteReader& in, CheckpointChunk& m, const std::shared_ptr<const std::string>&) {
  m.transfer = in.u64("transfer");
  m.file = in.text("file");
  m.offset = in.u64("offset");
  m.checksum = in.u32("checksum");
  m.bytes = in.text("bytes");
}

void write(ByteWriter& out, const CheckpointEnd& m) {
  out.u64(m.transfer);
  put(out, m.status);
}
void read(ByteReader& in, CheckpointEnd& m, const std::shared_ptr<const std::string>&) {
  m.transfer = in.u64("transfer");
  m.status = take_status(in);
}

constexpr const char* kNames[] = {
    "append",      "append reply",     "grant ask",      "grant reply",      "fetch ask",
    "fetch reply", "position ask",     "position reply", "forward",          "forward reply",
    "take over",   "checkpoint offer", "checkpoint ask", "checkpoint chunk", "checkpoint end"};
static_assert(std::size(kNames) == std::variant_size_v<Message>);

template <std::size_t Index>
Result<Message> decode_as(const std::shared_ptr<const std::string>& frame, std::size_t at) {
  ByteReader reader(std::string_view(*frame).substr(at));
  Message message(std::in_place_index<Index>);
  read(reader, std::get<Index>(message), frame);
  KVHOST_TRY(reader.finish(kNames[Index]));
  return message;
}

template <std::size_t... Indexes>
Result<Message> decode_type(uint8_t type, const std::shared_ptr<const std::string>& frame,
                            std::size_t at, std::index_sequence<Indexes...>) {
  using Decoder = Result<Message> (*)(const std::shared_ptr<const std::string>&, std::size_t);
  static constexpr Decoder kDecoders[] = {&decode_as<Indexes>...};
  return kDecoders[type - 1](frame, at);
}

}  // namespace

uint8_t type_of(const Message& message) { return static_cast<uint8_t>(message.index() + 1); }

void encode(const Message& message, std::string& out) {
  ByteWriter writer(out);
  std::visit([&](const auto& m) { write(writer, m); }, message);
}

Result<Message> decode(uint8_t type, const std::shared_ptr<const std::string>& frame,
                       std::size_t payload_at) {
  if (type == 0 || type > std::variant_size_v<Message>) {
    return Status(StatusCode::PROTOCOL_ERROR, "unknown type of message " + std::to_string(type));
  }
  return decode_type(type, frame, payload_at,
                     std::make_index_sequence<std::variant_size_v<Message>>());
}

}  // namespace kvhost::leader_follower
