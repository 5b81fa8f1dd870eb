// batch: the JSON of POST /v1/batch, carried out over TCP.
#include <cmath>
#include <fstream>
#include <iterator>

#include "command_table.hpp"
#include "text.hpp"

namespace kvhost::kvctl {

namespace json = boost::json;

namespace {

Status wrong(const std::string& place, const std::string& why) {
  return {StatusCode::INVALID_ARGUMENT, place + ": " + why};
}

Result<std::string> read_text(Invocation& call) {
  const std::string& path = call.arguments[0];
  if (path == "-") return call.argument_or_input(0);
  std::ifstream file(path, std::ios::binary);
  if (!file) return Status(StatusCode::IO_ERROR, path + ": cannot be opened");
  return std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

Result<std::string> needed(const json::object& object, const std::string& name,
                           const std::string& place) {
  auto bytes = take_bytes(object, name);
  if (!bytes) {
    return wrong(place, "needs \"" + name + "\", a string, or \"" + name + "_base64\"");
  }
  return std::move(*bytes);
}

Status add_condition(client::WriteBatch& batch, const json::object& object,
                     const std::string& place) {
  KVHOST_TRY_ASSIGN(const auto key, needed(object, "key", place));
  if (const auto* version = object.if_contains("version")) {
    boost::system::error_code failure;
    const auto number = version->to_number<uint64_t>(failure);
    if (failure) return wrong(place, "\"version\" must be a whole number");
    batch.require_version(key, number);
  } else if (const auto* absent = object.if_contains("absent")) {
    if (!absent->is_bool()) return wrong(place, "\"absent\" must be true or false");
    absent->get_bool() ? batch.require_absent(key) : batch.require_present(key);
  } else {
    KVHOST_TRY_ASSIGN(const auto value, needed(object, "value", place));
    batch.require_value(key, value);
  }
  return {};
}

Result<std::chrono::milliseconds> ttl_of(const json::object& object, const std::string& place) {
  const auto* ttl = object.if_contains("ttl");
  if (ttl == nullptr || ttl->is_null()) return std::chrono::milliseconds(0);
  boost::system::error_code failure;
  const auto seconds = ttl->to_number<double>(failure);
  if (failure || !(seconds > 0) || seconds > 1e12) {
    return wrong(place, "\"ttl\" must be a number of seconds above 0");
  }
  return std::chrono::milliseconds(std::max<int64_t>(1, std::llround(seconds * 1000)));
}

Status add_op(client::WriteBatch& batch, const json::object& object, const std::string& place) {
  const auto* op = object.if_contains("op");
  const std::string name = op != nullptr && op->is_string() ? std::string(op->get_string()) : "";
  if (name == "delete_range") {
    const auto end = take_bytes(object, "end");
    batch.erase_range(take_bytes(object, "start").value_or(""),
                      end ? std::optional<std::string_view>(*end) : std::nullopt);
    return {};
  }
  if (name != "put" && name != "delete" && name != "incr") {
    return wrong(place, "\"op\" must be put, delete, delete_range or incr");
  }
  KVHOST_TRY_ASSIGN(const auto key, needed(object, "key", place));
  if (name == "put") {
    KVHOST_TRY_ASSIGN(const auto value, needed(object, "value", place));
    KVHOST_TRY_ASSIGN(const auto ttl, ttl_of(object, place));
    batch.put(key, value, ttl);
  } else if (name == "delete") {
    batch.erase(key, true);
  } else {
    int64_t by = 1;
    if (const auto* given = object.if_contains("by")) {
      boost::system::error_code failure;
      by = given->to_number<int64_t>(failure);
      if (failure) return wrong(place, "\"by\" must be a whole number of 64 bits");
    }
    batch.increment(key, by);
  }
  return {};
}

Status add_all(client::WriteBatch& batch, const json::object& root, const std::string& member,
               Status (*add)(client::WriteBatch&, const json::object&, const std::string&)) {
  const auto* list = root.if_contains(member);
  if (list == nullptr) return {};
  if (!list->is_array()) return wrong("\"" + member + "\"", "must be an array");
  for (std::size_t i = 0; i < list->get_array().size(); ++i) {
    const std::string place = member + "[" + std::to_string(i) + "]";
    const auto& item = list->get_array()[i];
    if (!item.is_object()) return wrong(place, "must be an object");
    KVHOST_TRY(add(batch, item.get_object(), place));
  }
  return {};
}

Result<client::WriteBatch> parse_batch(const std::string& text) {
  boost::system::error_code failure;
  const json::value root = json::parse(text, failure);
  if (failure || !root.is_object()) {
    return wrong("the batch",
                 "expected a JSON object" + (failure ? ": " + failure.message() : std::string()));
  }
  client::WriteBatch batch;
  KVHOST_TRY(add_all(batch, root.get_object(), "if", &add_condition));
  KVHOST_TRY(add_all(batch, root.get_object(), "ops", &add_op));
  if (batch.empty()) return wrong("\"ops\"", "has no operation");
  return batch;
}

Status failed_conditions(const client::WriteResult& result) {
  std::string text;
  for (const auto& failed : result.failed) {
    text += (text.empty() ? "" : ", ") + ("if[" + std::to_string(failed.index) + "]") +
            (failed.current_version == 0
                 ? " (the key is absent)"
                 : " (its key has version " + std::to_string(failed.current_version) + ")");
  }
  return {StatusCode::CONDITION_FAILED, text + " does not hold"};
}

}  // namespace

Status run_batch(Invocation& call) {
  KVHOST_TRY_ASSIGN(const auto text, read_text(call));
  KVHOST_TRY_ASSIGN(const auto batch, parse_batch(text));
  KVHOST_TRY_ASSIGN(auto* const client, call.client());
  KVHOST_TRY_ASSIGN(const auto result, client->write(batch));
  if (!result.applied) return failed_conditions(result);
  json::array results;
  for (const auto& item : result.items) {
    results.push_back(
        json::object{{"version", item.version}, {"existed", item.existed}, {"value", item.number}});
  }
  call.print("OK, " + std::to_string(batch.size()) + " operations",
             {{"version", result.version}, {"results", std::move(results)}});
  return {};
}

}  // namespace kvhost::kvctl
