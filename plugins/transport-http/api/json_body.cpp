#include "api/json_body.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "text/base64.hpp"

namespace kvhost::http {
namespace {

// About 317 years; what is meant to live longer needs no ttl.
constexpr double kMaxTtlSeconds = 1e10;

Status invalid(std::string text) { return {StatusCode::INVALID_ARGUMENT, std::move(text)}; }

std::string member(std::string_view place, std::string_view name) {
  return "\"" + std::string(place) + std::string(name) + "\"";
}

std::string_view view(const boost::json::string& text) { return {text.data(), text.size()}; }

const boost::json::value* find(const JsonBody::Object& object, std::string_view name) {
  return object.if_contains({name.data(), name.size()});
}

}  // namespace

Result<uint64_t> ttl_from_seconds(double seconds, std::string_view what) {
  if (!std::isfinite(seconds) || seconds <= 0 || seconds > kMaxTtlSeconds) {
    return invalid(std::string(what) +
                   " must be a number of seconds above 0 and at most 1e10; leave it out for a key "
                   "that does not expire");
  }
  return static_cast<uint64_t>(std::max(1.0, std::ceil(seconds * 1000 - 1e-6)));
}

Result<JsonBody> JsonBody::parse(std::string_view text) {
  if (text.empty()) {
    return invalid("the body is empty; expected a JSON object such as {\"value\": \"text\"}");
  }
  boost::json::stream_parser parser;
  boost::json::error_code ec;
  const std::size_t used = parser.write_some(text.data(), text.size(), ec);
  if (!ec) parser.finish(ec);
  const auto rest = text.substr(std::min(used, text.size()));
  if (!ec && rest.find_first_not_of(" \t\r\n") != std::string_view::npos) {
    ec = boost::json::error::extra_data;
  }
  if (ec) {
    return invalid("the body is no JSON: " + ec.message() + " near byte " + std::to_string(used));
  }
  JsonBody body;
  body.root_ = parser.release();
  if (!body.root_.is_object()) return invalid("the body must be a JSON object");
  return body;
}

Status JsonBody::check_members(const Object& object, std::string_view place,
                               std::initializer_list<std::string_view> known) {
  for (const auto& [key, value] : object) {
    const std::string_view name(key.data(), key.size());
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    std::string text = "unknown member " + member(place, name) + "; known are";
    for (const auto row : known) text += (row == *known.begin() ? " " : ", ") + std::string(row);
    return invalid(std::move(text));
  }
  return {};
}

Result<std::optional<std::string_view>> JsonBody::bytes(const Object& object,
                                                        std::string_view place,
                                                        std::string_view name) {
  const std::string coded_name = std::string(name) + "_base64";
  const auto* plain = find(object, name);
  const auto* coded = find(object, coded_name);
  if (plain != nullptr && coded != nullptr) {
    return invalid(member(place, name) + " and " + member(place, coded_name) +
                   " exclude each other");
  }
  if (plain == nullptr && coded == nullptr) return std::optional<std::string_view>();
  if (plain != nullptr) {
    if (!plain->is_string()) return invalid(member(place, name) + " must be a string");
    return std::optional(view(plain->get_string()));
  }
  if (!coded->is_string()) return invalid(member(place, coded_name) + " must be a string");
  auto bytes = decode_base64(view(coded->get_string()));
  if (!bytes) return invalid(member(place, coded_name) + " is no base64 (RFC 4648)");
  return std::optional<std::string_view>(decoded_.emplace_back(std::move(*bytes)));
}

Result<std::string_view> JsonBody::required_bytes(const Object& object, std::string_view place,
                                                  std::string_view name) {
  KVHOST_TRY_ASSIGN(const auto found, bytes(object, place, name));
  if (!found) {
    return invalid(member(place, name) + " is missing; give it, or " +
                   member(place, std::string(name) + "_base64") + " for bytes that are no text");
  }
  return *found;
}

Result<uint64_t> JsonBody::ttl_ms(const Object& object, std::string_view place) {
  const auto* found = find(object, "ttl");
  if (found == nullptr) return uint64_t{0};
  double seconds = std::numeric_limits<double>::quiet_NaN();
  if (found->is_number()) seconds = found->to_number<double>();
  return ttl_from_seconds(seconds, member(place, "ttl"));
}

Result<std::optional<int64_t>> JsonBody::integer(const Object& object, std::string_view place,
                                                 std::string_view name) {
  const auto* found = find(object, name);
  if (found == nullptr) return std::optional<int64_t>();
  if (found->is_int64()) return std::optional(found->get_int64());
  return invalid(member(place, name) + " must be an integer of 64 bits");
}

}  // namespace kvhost::http
