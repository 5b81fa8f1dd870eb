// POST /v1/batch: {"if":[…],"ops":[…]} → {"version","results":[…]}.
#include <string>
#include <string_view>
#include <vector>

#include "api/handlers.hpp"
#include "api/json_body.hpp"
#include "session/store_call.hpp"

namespace kvhost::http {
namespace {

enum class OpKind { kPut, kDelete, kDeleteRange, kIncrement };

Status invalid(std::string text) { return {StatusCode::INVALID_ARGUMENT, std::move(text)}; }

// A batch as it is read from the body; views of which the JsonBody keeps.
class BatchReader {
 public:
  explicit BatchReader(JsonBody& json) : json_(json) {}

  Status read() {
    const auto& root = json_.root();
    KVHOST_TRY(JsonBody::check_members(root, "", {"if", "ops"}));
    KVHOST_TRY(each(root, "if", [this](const auto& row, const std::string& place) {
      return read_condition(row, place);
    }));
    KVHOST_TRY(each(root, "ops", [this](const auto& row, const std::string& place) {
      return read_op(row, place);
    }));
    if (kinds.empty() && write.conditions().empty()) {
      return invalid("the batch is empty; give at least one operation in \"ops\"");
    }
    return {};
  }

  WriteRequest write;
  std::vector<OpKind> kinds;

 private:
  template <typename Read>
  Status each(const JsonBody::Object& root, std::string_view name, Read read) {
    const auto* list = root.if_contains({name.data(), name.size()});
    if (list == nullptr) return {};
    if (!list->is_array()) return invalid("\"" + std::string(name) + "\" must be an array");
    std::size_t index = 0;
    for (const auto& row : list->get_array()) {
      const std::string at = std::string(name) + "[" + std::to_string(index++) + "]";
      if (!row.is_object()) return invalid("\"" + at + "\" must be an object");
      KVHOST_TRY(read(row.get_object(), at + "."));
    }
    return {};
  }

  Status read_condition(const JsonBody::Object& row, const std::string& place) {
    KVHOST_TRY(JsonBody::check_members(
        row, place, {"key", "key_base64", "version", "absent", "value", "value_base64"}));
    KVHOST_TRY_ASSIGN(const auto key, json_.required_bytes(row, place, "key"));
    KVHOST_TRY_ASSIGN(const auto version, JsonBody::integer(row, place, "version"));
    KVHOST_TRY_ASSIGN(const auto value, json_.bytes(row, place, "value"));
    const auto* absent = row.if_contains("absent");
    const int given = (version ? 1 : 0) + (value ? 1 : 0) + (absent != nullptr ? 1 : 0);
    if (given != 1) {
      return invalid("\"" + place + "\" must have one of version, absent and value");
    }
    if (absent != nullptr) {
      if (!absent->is_bool()) return invalid("\"" + place + "absent\" must be true or false");
      if (absent->get_bool()) {
        write.require_absent(key);
      } else {
        write.require_present(key);
      }
    } else if (version) {
      if (*version < 0) return invalid("\"" + place + "version\" must not be negative");
      write.require_version(key, static_cast<uint64_t>(*version));
    } else {
      write.require_value(key, *value);
    }
    return {};
  }

  Status read_op(const JsonBody::Object& row, const std::string& place) {
    const auto* op = row.if_contains("op");
    if (op == nullptr || !op->is_string()) {
      return invalid("\"" + place + "op\" must be put, delete, delete_range or incr");
    }
    const std::string_view name(op->get_string().data(), op->get_string().size());
    if (name == "put") return read_put(row, place);
    if (name == "delete") return read_delete(row, place);
    if (name == "delete_range") return read_delete_range(row, place);
    if (name == "incr") return read_increment(row, place);
    return invalid("\"" + place + "op\" is \"" + std::string(name) +
                   "\"; expected put, delete, delete_range or incr");
  }

  Status read_put(const JsonBody::Object& row, const std::string& place) {
    KVHOST_TRY(JsonBody::check_members(
        row, place, {"op", "key", "key_base64", "value", "value_base64", "ttl"}));
    KVHOST_TRY_ASSIGN(const auto key, json_.required_bytes(row, place, "key"));
    KVHOST_TRY_ASSIGN(const auto value, json_.required_bytes(row, place, "value"));
    KVHOST_TRY_ASSIGN(const auto ttl_ms, JsonBody::ttl_ms(row, place));
    write.put(key, value, ttl_ms);
    kinds.push_back(OpKind::kPut);
    return {};
  }
  Status read_delete(const JsonBody::Object& row, const std::string& place) {
    KVHOST_TRY(JsonBody::check_members(row, place, {"op", "key", "key_base64"}));
    KVHOST_TRY_ASSIGN(const auto key, json_.required_bytes(row, place, "key"));
    write.erase(key, KVH_OP_WANT_EXISTED);
    kinds.push_back(OpKind::kDelete);
    return {};
  }
  Status read_delete_range(const JsonBody::Object& row, const std::string& place) {
    KVHOST_TRY(
        JsonBody::check_members(row, place, {"op", "start", "start_base64", "end", "end_base64"}));
    KVHOST_TRY_ASSIGN(const auto start, json_.required_bytes(row, place, "start"));
    KVHOST_TRY_ASSIGN(const auto end, json_.bytes(row, place, "end"));
    write.erase_range(start, end);
    kinds.push_back(OpKind::kDeleteRange);
    return {};
  }
  Status read_increment(const JsonBody::Object& row, const std::string& place) {
    KVHOST_TRY(JsonBody::check_members(row, place, {"op", "key", "key_base64", "by"}));
    KVHOST_TRY_ASSIGN(const auto key, json_.required_bytes(row, place, "key"));
    KVHOST_TRY_ASSIGN(const auto by, JsonBody::integer(row, place, "by"));
    write.increment(key, by.value_or(1));
    kinds.push_back(OpKind::kIncrement);
    return {};
  }

  JsonBody& json_;
};

std::string results_text(const std::vector<OpKind>& kinds, const WriteReply& reply) {
  std::string text = "{\"version\":" + std::to_string(reply.version) + ",\"results\":[";
  for (std::size_t i = 0; i < kinds.size() && i < reply.items.size(); ++i) {
    const kvh_op_result& item = reply.items[i];
    text += i == 0 ? "{" : ",{";
    if (kinds[i] == OpKind::kDelete) {
      text += item.existed != 0 ? "\"deleted\":true," : "\"deleted\":false,";
    }
    if (kinds[i] == OpKind::kIncrement) text += "\"value\":" + std::to_string(item.number) + ',';
    text += "\"version\":" + std::to_string(item.version) + '}';
  }
  return text + "]}";
}

ProblemExtras failed_conditions(const WriteReply& reply) {
  ProblemExtras extras;
  extras.members = ",\"failed\":[";
  std::string_view separator;
  for (const auto& failed : reply.failed) {
    extras.members += separator;
    extras.members += "{\"index\":" + std::to_string(failed.index) +
                      ",\"version\":" + std::to_string(failed.current_version) + '}';
    separator = ",";
  }
  extras.members += ']';
  return extras;
}

}  // namespace

void apply_batch(const ExchangePtr& exchange) {
  auto json = JsonBody::parse(exchange->request().body());
  if (!json) return exchange->fail(json.error());
  BatchReader batch(*json);
  const Status read = batch.read();
  if (!read.is_ok()) return exchange->fail(read);
  store_write(
      exchange, batch.write,
      [kinds = std::move(batch.kinds)](const ExchangePtr& done, Status status, WriteReply reply) {
        if (status.code() == StatusCode::CONDITION_FAILED) {
          return done->fail(status, failed_conditions(reply));
        }
        if (!status.is_ok()) return done->fail(status);
        Response response;
        response.body = results_text(kinds, reply);
        done->respond(std::move(response));
      });
}

}  // namespace kvhost::http
