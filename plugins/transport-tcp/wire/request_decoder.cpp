#include "kvhost/detail/boundary.hpp"
#include "wire/byte_reader.hpp"
#include "wire/request.hpp"
#include "wire/request_fields.hpp"

namespace kvhost::tcp {

namespace {

constexpr std::size_t kMaxPingBytes = 4096;
// Keeps what one decoder allocates within a small multiple of the frame.
constexpr uint32_t kMaxItems = 1u << 20;
// Vectors that one large request made larger than this are given back before the next.
constexpr std::size_t kKeptItems = 4096;

template <typename T>
void restart(std::vector<T>& items) {
  if (items.capacity() > kKeptItems) {
    items = {};
  } else {
    items.clear();
  }
}

uint32_t read_item_count(ByteReader& reader, const char* field, uint64_t element_bytes) {
  const uint32_t count = reader.count(field, element_bytes);
  if (count > kMaxItems) reader.refuse(field, "is above 1048576, the most of one request");
  return count;
}

RequestContext read_context(ByteReader& reader) {
  RequestContext context;
  const uint8_t mask = reader.u8("context mask");
  if ((mask & ~kContextKnown) != 0) reader.refuse("context mask", "has unknown bits");
  if ((mask & kContextDeadline) != 0) context.deadline_ms = reader.u32("deadline");
  if ((mask & kContextSpace) != 0) context.space = reader.u32("space");
  if ((mask & kContextReadLevel) != 0) context.read_level = reader.u8("read level");
  if (context.read_level > KVH_READ_LINEARIZABLE) {
    reader.refuse("read level", "is none of 0, 1, 2, 3");
  }
  if ((mask & kContextSnapshot) != 0) context.snapshot = reader.u64("snapshot");
  if ((mask & kContextIdempotencyId) != 0) {
    context.idempotency_id = reader.counted8("idempotency id");
    if (context.idempotency_id.size() > kMaxRequestIdBytes) {
      reader.refuse("idempotency id", "is longer than 128 bytes");
    }
  }
  if ((mask & kContextTrace) != 0) context.trace = reader.counted8("trace");
  return context;
}

RangeMessage read_range(ByteReader& reader) {
  RangeMessage range;
  range.flags = reader.u8("range flags");
  if (range.flags > (KVH_RANGE_TO_END | KVH_RANGE_REVERSE | KVH_RANGE_KEYS_ONLY)) {
    reader.refuse("range flags", "has unknown bits");
  }
  range.start = reader.counted32("start");
  if ((range.flags & KVH_RANGE_TO_END) == 0) range.end = reader.counted32("end");
  return range;
}

kvh_op read_op(ByteReader& reader) {
  kvh_op op{};
  op.type = reader.u8("op type");
  const uint8_t flags = reader.u8("op flags");
  if ((flags & ~(kOpStoreFlags | kOpHasTtl | kOpHasExpiry)) != 0) {
    reader.refuse("op flags", "has unknown bits");
  }
  op.flags = flags & kOpStoreFlags;
  op.key = detail::to_bytes(reader.counted32("op key"));
  switch (op.type) {
    case KVH_OP_PUT:
      if ((flags & kOpHasTtl) != 0) op.ttl_ms = reader.u64("ttl");
      if ((flags & kOpHasExpiry) != 0) op.expires_at_ms = reader.u64("expires at");
      op.value = detail::to_bytes(reader.counted32("op value"));
      break;
    case KVH_OP_DELETE:
      break;
    case KVH_OP_DELETE_RANGE:
      if ((flags & KVH_OP_TO_END) == 0) op.value = detail::to_bytes(reader.counted32("op end"));
      break;
    case KVH_OP_INCREMENT:
      op.by = reader.i64("by");
      break;
    default:
      reader.refuse("op type", "is none of 1, 2, 3, 4");
  }
  return op;
}

kvh_condition read_condition(ByteReader& reader) {
  kvh_condition condition{};
  condition.type = reader.u8("condition type");
  condition.key = detail::to_bytes(reader.counted32("condition key"));
  if (condition.type == KVH_IF_VERSION) {
    condition.version = reader.u64("version");
  } else if (condition.type == KVH_IF_VALUE) {
    condition.value = detail::to_bytes(reader.counted32("condition value"));
  } else if (condition.type != KVH_IF_ABSENT && condition.type != KVH_IF_PRESENT) {
    reader.refuse("condition type", "is none of 1, 2, 3, 4");
  }
  return condition;
}

void read_keys(ByteReader& reader, std::vector<kvh_bytes>& keys) {
  const uint32_t count = read_item_count(reader, "key count", kMinKeyBytes);
  if (count == 0) reader.refuse("key count", "is 0, expected at least 1");
  restart(keys);
  for (uint32_t i = 0; i < count && !reader.failed(); ++i) {
    keys.push_back(detail::to_bytes(reader.counted32("key")));
  }
}

void read_write(ByteReader& reader, DecodedRequest& request) {
  const uint32_t ops = read_item_count(reader, "op count", kMinOpBytes);
  if (ops == 0) reader.refuse("op count", "is 0, expected at least 1");
  restart(request.ops);
  for (uint32_t i = 0; i < ops && !reader.failed(); ++i) request.ops.push_back(read_op(reader));
  const uint32_t conditions = read_item_count(reader, "condition count", kMinConditionBytes);
  restart(request.conditions);
  for (uint32_t i = 0; i < conditions && !reader.failed(); ++i) {
    request.conditions.push_back(read_condition(reader));
  }
}

void read_limits(ByteReader& reader, DecodedRequest& request) {
  request.max_rows = reader.u32("max rows");
  request.max_bytes = reader.u32("max bytes");
}

void read_body(Opcode opcode, ByteReader& reader, DecodedRequest& request) {
  switch (opcode) {
    case Opcode::kPing:
      if (reader.left() > kMaxPingBytes) reader.refuse("payload", "is longer than 4096 bytes");
      request.text = reader.rest();
      break;
    case Opcode::kAuthenticate:
      request.name = reader.counted32("user");
      request.text = reader.counted32("secret");
      break;
    case Opcode::kRead:
      read_keys(reader, request.keys);
      break;
    case Opcode::kWrite:
      read_write(reader, request);
      break;
    case Opcode::kScan:
      request.range = read_range(reader);
      read_limits(reader, request);
      break;
    case Opcode::kCursorOpen:
      request.range = read_range(reader);
      break;
    case Opcode::kCursorNext:
      request.handle = reader.u64("cursor");
      read_limits(reader, request);
      break;
    case Opcode::kCancel:
    case Opcode::kSnapshotClose:
    case Opcode::kCursorClose:
      request.handle = reader.u64("handle");
      break;
    case Opcode::kCommand:
      request.name = reader.counted32("name");
      request.text = reader.counted32("arguments");
      break;
    case Opcode::kInfo:
      request.name = reader.counted32("section");
      break;
    default:
      break;
  }
}

}  // namespace

Status RequestDecoder::decode(const Frame& frame) {
  const std::size_t index = request_index(frame.opcode);
  if (index == kRequestOpcodes.size()) {
    return {StatusCode::NOT_SUPPORTED,
            "opcode " + std::to_string(frame.opcode) + " is not one of protocol version 1"};
  }
  ByteReader reader(frame.payload);
  request_.context = {};
  if ((frame.flags & ~kHasContext) != 0) reader.refuse("frame flags", "has unknown bits");
  if ((frame.flags & kHasContext) != 0) request_.context = read_context(reader);
  if (!reader.failed()) read_body(static_cast<Opcode>(frame.opcode), reader, request_);
  if (!reader.failed() && reader.left() == 0) return {};
  return reader.finish(std::string(kRequestOpcodes[index].name) + " request");
}

}  // namespace kvhost::tcp
