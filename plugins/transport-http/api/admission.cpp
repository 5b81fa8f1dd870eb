#include "api/admission.hpp"

#include <algorithm>

#include "api/routes.hpp"
#include "text/utf8.hpp"

namespace kvhost::http {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

uint64_t body_limit(const Route& route, const Request& head, const Limits& limits) {
  switch (route.body) {
    case BodyKind::kValue:
      return has_content_type(head, kOctetStream) ? limits.raw_body() : limits.put_body();
    case BodyKind::kBatch:
      return limits.batch_body();
    case BodyKind::kNone:
    case BodyKind::kSmallJson:
      break;
  }
  return Limits::small_body();
}

Response not_found(const Target& target) {
  std::string path = target.path.substr(0, 200);
  if (!is_utf8(path)) path = "the path";
  const bool root = target.path == "/";
  return problem({StatusCode::UNKNOWN_ROUTE,
                  root ? "/ alone is no route; the empty key is /v1/kv/"
                       : path + " is no route; keys that begin with v1/ are reached by /v1/kv/…"});
}

Status check_parameters(const Target& target, const Route& route) {
  for (const auto& [name, value] : target.query) {
    const bool known = std::any_of(
        route.parameters.begin(), route.parameters.end(),
        [&name = name](const Parameter& row) { return row.in == "query" && row.name == name; });
    if (known) continue;
    std::string text = "unknown parameter \"" + name + "\"; this route knows";
    std::string_view separator = " ";
    for (const auto& row : route.parameters) {
      if (row.in != "query") continue;
      text.append(separator).append(row.name);
      separator = ", ";
    }
    return {StatusCode::INVALID_ARGUMENT, separator == " " ? text + " none" : text};
  }
  return {};
}

}  // namespace

bool has_content_type(const Request& request, std::string_view type) {
  const std::string_view given = request.header("Content-Type");
  return equals_ignoring_case(trimmed(given.substr(0, given.find(';'))), type);
}

std::optional<std::string_view> accepted_type(const Request& request,
                                              std::initializer_list<std::string_view> offered) {
  std::string_view rest = request.header("Accept");
  while (!rest.empty()) {
    const std::string_view item = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(item.size() + 1, rest.size()));
    const std::string_view type = trimmed(item.substr(0, item.find(';')));
    for (const auto candidate : offered) {
      if (equals_ignoring_case(type, candidate)) return candidate;
    }
  }
  return std::nullopt;
}

Admission admit(const Request& head, const Limits& limits) {
  Admission admission;
  auto target = Target::parse(head.raw_target());
  if (!target) {
    admission.refusal = problem(target.error());
    return admission;
  }
  admission.target = std::move(*target);
  RouteMatch match = match_route(head.method(), admission.target.path);
  if (match.route == nullptr) {
    if (match.allow.empty()) {
      admission.refusal = not_found(admission.target);
    } else {
      admission.refusal =
          problem({StatusCode::METHOD_NOT_ALLOWED, "this path takes the methods " + match.allow});
      admission.refusal->add("Allow", match.allow);
    }
    return admission;
  }
  admission.route = match.route;
  admission.capture = std::move(match.capture);
  admission.max_body_bytes = body_limit(*match.route, head, limits);
  if (head.has_header("Expect") && !equals_ignoring_case(head.header("Expect"), "100-continue")) {
    ProblemExtras extras;
    extras.http_status = 417;
    admission.refusal = problem(
        {StatusCode::NOT_SUPPORTED, "the only expectation understood is 100-continue"}, extras);
  } else if (const Status status = check_parameters(admission.target, *match.route);
             !status.is_ok()) {
    admission.refusal = problem(status);
  }
  return admission;
}

}  // namespace kvhost::http
