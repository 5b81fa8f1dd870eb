#include <charconv>
#include <limits>

#include "api/admission.hpp"
#include "api/handlers.hpp"
#include "api/json_body.hpp"
#include "api/preconditions.hpp"
#include "session/store_call.hpp"
#include "text/json_text.hpp"

namespace kvhost::http {
namespace {

std::string key_and_version(const std::string& key, uint64_t version) {
  std::string body = "{";
  append_bytes_member(body, "key", key);
  body += ",\"version\":" + std::to_string(version);
  return body;
}

Response written(std::string body, uint64_t version) {
  Response response;
  response.body = std::move(body);
  response.add("ETag", entity_tag(version));
  return response;
}

Status no_such_key() { return {StatusCode::KEY_ABSENT, "the key does not exist or has expired"}; }

Result<uint64_t> ttl_parameter(const Request& request) {
  const auto text = request.target.parameter("ttl");
  if (!text) return uint64_t{0};
  double seconds = std::numeric_limits<double>::quiet_NaN();
  const char* const end = text->data() + text->size();
  const auto parsed = std::from_chars(text->data(), end, seconds);
  if (parsed.ec != std::errc() || parsed.ptr != end) {
    seconds = std::numeric_limits<double>::quiet_NaN();
  }
  return ttl_from_seconds(seconds, "the parameter \"ttl\"");
}

struct Value {
  std::string_view bytes;
  uint64_t ttl_ms = 0;
};

Result<Value> value_of(const Request& request, Result<JsonBody>& json) {
  if (has_content_type(request, kOctetStream)) {
    KVHOST_TRY_ASSIGN(const uint64_t ttl_ms, ttl_parameter(request));
    return Value{request.body(), ttl_ms};
  }
  if (request.target.parameter("ttl")) {
    return Status(StatusCode::INVALID_ARGUMENT,
                  "the parameter \"ttl\" goes with Content-Type: application/octet-stream; in a "
                  "JSON body give the member \"ttl\"");
  }
  json = JsonBody::parse(request.body());
  if (!json) return json.error();
  KVHOST_TRY(JsonBody::check_members(json->root(), "", {"value", "value_base64", "ttl"}));
  KVHOST_TRY_ASSIGN(const auto bytes, json->required_bytes(json->root(), "", "value"));
  KVHOST_TRY_ASSIGN(const uint64_t ttl_ms, JsonBody::ttl_ms(json->root(), ""));
  return Value{bytes, ttl_ms};
}

Response entry_as_json(const std::string& key, const OwnedEntry& entry) {
  Response response;
  std::string& body = response.body;
  body.reserve(key.size() + entry.value.size() + 64);
  body += '{';
  append_bytes_member(body, "key", key);
  body += ',';
  append_bytes_member(body, "value", entry.value);
  body += ",\"version\":" + std::to_string(entry.version);
  if (entry.ttl_ms != 0) {
    body += ",\"ttl\":";
    append_seconds(body, entry.ttl_ms);
  }
  body += '}';
  return response;
}

Response entry_as_bytes(OwnedEntry& entry) {
  Response response;
  response.content_type = kOctetStream;
  response.body = std::move(entry.value);
  if (entry.ttl_ms != 0) {
    std::string seconds;
    append_seconds(seconds, entry.ttl_ms);
    response.add("Kvhost-Ttl", std::move(seconds));
  }
  return response;
}

}  // namespace

void put_key(const ExchangePtr& exchange) {
  Result<JsonBody> json(Status(StatusCode::INVALID_ARGUMENT, "not parsed"));
  const auto value = value_of(exchange->request(), json);
  if (!value) return exchange->fail(value.error());
  WriteRequest write;
  write.put(exchange->key(), value->bytes, value->ttl_ms);
  const Status conditions = add_preconditions(exchange->request(), exchange->key(), write);
  if (!conditions.is_ok()) return exchange->fail(conditions);
  store_write(exchange, write, [](const ExchangePtr& done, Status status, WriteReply reply) {
    if (!status.is_ok()) return done->fail(status, write_problem_extras(status, reply));
    done->respond(written(key_and_version(done->key(), reply.version) + '}', reply.version));
  });
}

void get_key(const ExchangePtr& exchange) {
  store_read(exchange, exchange->key(),
             [](const ExchangePtr& done, Status status, OwnedEntry entry) {
               if (!status.is_ok()) return done->fail(status);
               if (!entry.found) return done->fail(no_such_key());
               const auto type = accepted_type(done->request(), {kOctetStream, kJson});
               const uint64_t version = entry.version;
               Response response =
                   type == kOctetStream ? entry_as_bytes(entry) : entry_as_json(done->key(), entry);
               response.add("ETag", entity_tag(version));
               done->respond(std::move(response));
             });
}

void delete_key(const ExchangePtr& exchange) {
  WriteRequest write;
  write.erase(exchange->key(), KVH_OP_WANT_EXISTED);
  const Status conditions = add_preconditions(exchange->request(), exchange->key(), write);
  if (!conditions.is_ok()) return exchange->fail(conditions);
  store_write(exchange, write, [](const ExchangePtr& done, Status status, WriteReply reply) {
    if (!status.is_ok()) return done->fail(status, write_problem_extras(status, reply));
    if (reply.items.empty() || reply.items[0].existed == 0) return done->fail(no_such_key());
    std::string body = "{";
    append_bytes_member(body, "key", done->key());
    body += ",\"deleted\":true,\"version\":" + std::to_string(reply.version) + '}';
    done->respond(written(std::move(body), reply.version));
  });
}

void increment_key(const ExchangePtr& exchange) {
  int64_t by = 1;
  if (!exchange->request().body().empty()) {
    const auto json = JsonBody::parse(exchange->request().body());
    if (!json) return exchange->fail(json.error());
    const Status known = JsonBody::check_members(json->root(), "", {"by"});
    if (!known.is_ok()) return exchange->fail(known);
    const auto given = JsonBody::integer(json->root(), "", "by");
    if (!given) return exchange->fail(given.error());
    by = given->value_or(1);
  }
  WriteRequest write;
  write.increment(exchange->key(), by);
  const Status conditions = add_preconditions(exchange->request(), exchange->key(), write);
  if (!conditions.is_ok()) return exchange->fail(conditions);
  store_write(exchange, write, [](const ExchangePtr& done, Status status, WriteReply reply) {
    if (!status.is_ok()) return done->fail(status, write_problem_extras(status, reply));
    const int64_t sum = reply.items.empty() ? 0 : reply.items[0].number;
    std::string body = "{";
    append_bytes_member(body, "key", done->key());
    body += ",\"value\":" + std::to_string(sum);
    body += ",\"version\":" + std::to_string(reply.version) + '}';
    done->respond(written(std::move(body), reply.version));
  });
}

}  // namespace kvhost::http
