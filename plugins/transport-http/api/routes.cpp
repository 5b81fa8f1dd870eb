#include "api/routes.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "api/handlers.hpp"

namespace kvhost::http {
namespace {

constexpr Parameter kConsistency{"consistency", "query", "string",
                                 "local, leader or linearizable; the strongest offered if absent"};
constexpr Parameter kTimeout{"Request-Timeout", "header", "number",
                             "seconds after which the node gives up"};
constexpr Parameter kIdempotency{"Idempotency-Key", "header", "string",
                                 "a retry with the same key is applied once; at most 128 bytes"};
constexpr Parameter kIfMatch{"If-Match", "header", "string",
                             "\"<version>\" that the key must have, or * for any"};
constexpr Parameter kIfNoneMatch{"If-None-Match", "header", "string", "*: the key must be absent"};
constexpr Parameter kTtl{"ttl", "query", "number",
                         "seconds to live, with an application/octet-stream body"};

constexpr std::array kPutParameters = {kTtl, kIfMatch, kIfNoneMatch, kTimeout, kIdempotency};
constexpr std::array kGetParameters = {kConsistency, kTimeout};
constexpr std::array kWriteParameters = {kIfMatch, kIfNoneMatch, kTimeout, kIdempotency};
constexpr std::array kBatchParameters = {kTimeout, kIdempotency};
constexpr std::array kRangeParameters = {
    Parameter{"prefix", "query", "string", "keys that begin so"},
    Parameter{"start", "query", "string", "first key, inclusive"},
    Parameter{"end", "query", "string", "last key, exclusive"},
    Parameter{"limit", "query", "integer", "rows of a page, 1 to 10000; 100 if absent"},
    Parameter{"cursor", "query", "string", "next_cursor of the page before"},
    Parameter{"reverse", "query", "boolean", "from the end backwards"},
    Parameter{"keys_only", "query", "boolean", "leave the values out"},
    kConsistency,
    kTimeout};
constexpr std::array kReadyParameters = {
    Parameter{"verbose", "query", "boolean", "list what keeps the node from serving"}};
constexpr std::array kCommandParameters = {kTimeout};

constexpr auto kRoutes = std::to_array<Route>({
    {"GET",
     "/v1/health",
     "Whether the process is alive",
     show_section,
     BodyKind::kNone,
     false,
     {},
     "",
     "Health"},
    {"GET", "/v1/ready", "Whether the node can serve; 503 when it cannot", show_ready,
     BodyKind::kNone, false, kReadyParameters, "", "Ready"},
    {"GET",
     "/v1/status",
     "Engine, tree, plugins and replication",
     show_section,
     BodyKind::kNone,
     false,
     {},
     "",
     "Section"},
    {"GET",
     "/v1/stats",
     "The engine's statistics",
     show_section,
     BodyKind::kNone,
     false,
     {},
     "",
     "Section"},
    {"GET",
     "/v1/lsm",
     "The tree, level by level",
     show_section,
     BodyKind::kNone,
     false,
     {},
     "",
     "Section"},
    {"GET",
     "/v1/plugins",
     "The loaded plugins",
     show_section,
     BodyKind::kNone,
     false,
     {},
     "",
     "Section"},
    {"GET",
     "/v1/openapi.json",
     "This description",
     show_openapi,
     BodyKind::kNone,
     false,
     {},
     "",
     ""},
    {"POST", "/v1/admin/{command}", "Administration: flush, compact, resume, sync and others",
     run_command, BodyKind::kSmallJson, true, kCommandParameters, "Section", "Section"},
    {"POST", "/v1/batch", "Conditions and operations, all or nothing", apply_batch,
     BodyKind::kBatch, true, kBatchParameters, "Batch", "BatchResult"},
    {"GET", "/v1/kv", "A range in key order; application/x-ndjson streams all of it", read_range,
     BodyKind::kNone, true, kRangeParameters, "", "Page"},
    {"POST", "/v1/kv/{key}/incr", "Adds to a decimal number", increment_key, BodyKind::kSmallJson,
     true, kWriteParameters, "Increment", "Number"},
    {"GET", "/v1/kv/{key}", "Reads any key, the empty one and those beginning with v1/ included",
     get_key, BodyKind::kNone, true, kGetParameters, "", "Entry"},
    {"PUT", "/v1/kv/{key}", "Writes any key", put_key, BodyKind::kValue, true, kPutParameters,
     "Value", "Written"},
    {"DELETE", "/v1/kv/{key}", "Deletes any key", delete_key, BodyKind::kNone, true,
     kWriteParameters, "", "Deleted"},
    {"GET", "/{key}", "Reads a key", get_key, BodyKind::kNone, true, kGetParameters, "", "Entry"},
    {"PUT", "/{key}", "Writes a key; without ttl it lives for ever", put_key, BodyKind::kValue,
     true, kPutParameters, "Value", "Written"},
    {"DELETE", "/{key}", "Deletes a key", delete_key, BodyKind::kNone, true, kWriteParameters, "",
     "Deleted"},
});

constexpr std::string_view kReserved = "/v1/";

struct Captured {
  bool matches = false;
  std::string_view text;
};

Captured match_pattern(std::string_view pattern, std::string_view path) {
  const auto open = pattern.find('{');
  if (open == std::string_view::npos) return {pattern == path, {}};
  const std::string_view before = pattern.substr(0, open);
  const std::string_view after = pattern.substr(pattern.find('}') + 1);
  if (path.size() < before.size() + after.size() || path.substr(0, before.size()) != before ||
      path.substr(path.size() - after.size()) != after) {
    return {};
  }
  const bool top = before == "/";
  // The empty key and keys that begin with "v1/" are reached through /v1/kv/ alone.
  if (top && (path == "/" || path.substr(0, kReserved.size()) == kReserved)) return {};
  return {true, path.substr(before.size(), path.size() - before.size() - after.size())};
}

void allow(std::vector<std::string_view>& methods, std::string_view method) {
  if (std::find(methods.begin(), methods.end(), method) == methods.end()) methods.push_back(method);
  if (method == "GET") allow(methods, "HEAD");
}

}  // namespace

std::span<const Route> routes() { return kRoutes; }

RouteMatch match_route(std::string_view method, std::string_view path) {
  if (method == "HEAD") method = "GET";
  RouteMatch match;
  std::vector<std::string_view> allowed;
  for (const Route& route : kRoutes) {
    const Captured captured = match_pattern(route.pattern, path);
    if (!captured.matches) continue;
    if (route.method != method) {
      allow(allowed, route.method);
      continue;
    }
    match.route = &route;
    match.capture = captured.text;
    return match;
  }
  for (const auto name : allowed)
    match.allow += (match.allow.empty() ? "" : ", ") + std::string(name);
  return match;
}

}  // namespace kvhost::http
