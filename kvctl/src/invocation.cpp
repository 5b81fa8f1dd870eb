#include "invocation.hpp"

#include <charconv>
#include <iterator>

#include "text.hpp"

namespace kvhost::kvctl {

std::optional<int64_t> parse_integer(std::string_view text) {
  int64_t number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) {
    return std::nullopt;
  }
  return number;
}

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  int64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  if (text.empty() || parsed.ec != std::errc() || number < 0) return std::nullopt;
  const std::string_view unit(parsed.ptr, static_cast<std::size_t>(end - parsed.ptr));
  int64_t factor = 0;
  if (unit == "ms") factor = 1;
  if (unit == "s" || unit.empty()) factor = 1000;
  if (unit == "m") factor = 60'000;
  if (unit == "h") factor = 3'600'000;
  if (factor == 0 || number > INT64_MAX / factor) return std::nullopt;
  return std::chrono::milliseconds(number * factor);
}

Result<client::Client*> Invocation::client() {
  if (!client_) {
    client::ClientOptions options;
    options.endpoints = endpoints;
    options.connect_timeout = std::min(timeout, options.connect_timeout);
    options.request_timeout = timeout;
    options.name = "kvctl";
    auto made = client::Client::connect(std::move(options));
    if (!made) return made.error();
    client_ = std::make_unique<client::Client>(std::move(*made));
  }
  return client_.get();
}

std::optional<std::string> Invocation::option(const std::string& name) const {
  const auto at = options.find(name);
  return at == options.end() ? std::nullopt : std::optional(at->second);
}

Result<std::optional<int64_t>> Invocation::integer_option(const std::string& name) {
  const auto text = option(name);
  if (!text) return std::optional<int64_t>();
  const auto number = parse_integer(*text);
  if (!number) return usage("--" + name + ": expected a whole number, found \"" + *text + "\"");
  return number;
}

Result<std::optional<std::chrono::milliseconds>> Invocation::duration_option(
    const std::string& name) {
  const auto text = option(name);
  if (!text) return std::optional<std::chrono::milliseconds>();
  const auto duration = parse_duration(*text);
  if (!duration || duration->count() == 0) {
    return usage("--" + name + ": expected a duration above 0, as 60s, 500ms, 5m or 1h, found \"" +
                 *text + "\"");
  }
  return duration;
}

std::string Invocation::argument_or_input(std::size_t index) {
  if (arguments.at(index) != "-") return arguments[index];
  return {std::istreambuf_iterator<char>(streams.in), std::istreambuf_iterator<char>()};
}

Status Invocation::usage(std::string text) {
  is_usage_error_ = true;
  return {StatusCode::INVALID_ARGUMENT, std::move(text)};
}

void Invocation::print(std::string_view text, const boost::json::object& members) {
  if (format == Format::kJson) {
    streams.out << boost::json::serialize(members) << '\n';
  } else if (format == Format::kTable) {
    std::vector<std::vector<std::string>> rows(2);
    for (const auto& cell : flatten(members)) {
      rows[0].push_back(cell[0]);
      rows[1].push_back(cell[1]);
    }
    streams.out << table(rows);
  } else {
    streams.out << text << '\n';
  }
}

}  // namespace kvhost::kvctl
