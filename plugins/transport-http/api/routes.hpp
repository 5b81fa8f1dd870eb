// The one table of routes: requests are matched by it and openapi.json is made from it.
//
// A pattern has at most one {name}, which takes any bytes. The order of rows decides among patterns
// that match the same path for the same method.
//
// Threads:   any; static data.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "session/exchange.hpp"

namespace kvhost::http {

enum class BodyKind { kNone, kValue, kBatch, kSmallJson };

struct Parameter {
  std::string_view name;
  std::string_view in;    // "query" or "header"
  std::string_view type;  // of JSON schema
  std::string_view doc;
};

struct Route {
  std::string_view method;  // GET stands for HEAD too
  std::string_view pattern;
  std::string_view summary;
  void (*handler)(const ExchangePtr&);
  BodyKind body = BodyKind::kNone;
  bool uses_store = false;
  std::span<const Parameter> parameters;
  std::string_view request_schema;  // names in openapi.json's components; may be empty
  std::string_view response_schema;
};

std::span<const Route> routes();

// What a method and a decoded path come to.
struct RouteMatch {
  const Route* route = nullptr;
  std::string capture;
  std::string allow;  // with no route: the methods of the path; empty for an unknown one
};
RouteMatch match_route(std::string_view method, std::string_view path);

}  // namespace kvhost::http
