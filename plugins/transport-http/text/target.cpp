#include "text/target.hpp"

namespace kvhost::http {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Cuts "http://host" off a target in absolute form, which servers must take too (RFC 9112, 3.2.2).
std::string_view without_authority(std::string_view raw) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (raw.substr(0, scheme.size()) != scheme) continue;
    const auto path = raw.find_first_of("/?", scheme.size());
    return path == std::string_view::npos ? std::string_view("/") : raw.substr(path);
  }
  return raw;
}

}  // namespace

Result<std::string> percent_decode(std::string_view raw) {
  std::string decoded;
  decoded.reserve(raw.size());
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] != '%') {
      decoded.push_back(raw[i]);
      continue;
    }
    const int high = raw.size() - i > 2 ? hex_digit(raw[i + 1]) : -1;
    const int low = raw.size() - i > 2 ? hex_digit(raw[i + 2]) : -1;
    if (high < 0 || low < 0) {
      return Status(StatusCode::INVALID_ARGUMENT,
                    "the target has a % at byte " + std::to_string(i) +
                        " that two hexadecimal digits do not follow; write %25 for a percent sign");
    }
    decoded.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  return decoded;
}

std::optional<std::string_view> Target::parameter(std::string_view name) const {
  for (const auto& [key, value] : query) {
    if (key == name) return value;
  }
  return std::nullopt;
}

Result<Target> Target::parse(std::string_view raw) {
  raw = without_authority(raw);
  if (raw.empty() || raw.front() != '/') {
    return Status(StatusCode::INVALID_ARGUMENT, "the target of a request begins with a slash");
  }
  const auto question = raw.find('?');
  Target target;
  KVHOST_TRY_ASSIGN(target.path, percent_decode(raw.substr(0, question)));
  std::string_view rest =
      question == std::string_view::npos ? std::string_view() : raw.substr(question + 1);
  while (!rest.empty()) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(pair.size() < rest.size() ? pair.size() + 1 : pair.size());
    if (pair.empty()) continue;
    const auto equals = pair.find('=');
    KVHOST_TRY_ASSIGN(auto name, percent_decode(pair.substr(0, equals)));
    KVHOST_TRY_ASSIGN(auto value,
                      percent_decode(equals == std::string_view::npos ? std::string_view()
                                                                      : pair.substr(equals + 1)));
    if (target.parameter(name)) {
      return Status(StatusCode::INVALID_ARGUMENT,
                    "the query gives the parameter \"" + name + "\" twice");
    }
    target.query.emplace_back(std::move(name), std::move(value));
  }
  return target;
}

}  // namespace kvhost::http
