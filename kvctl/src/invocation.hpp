// One command as the user gave it, and what every command needs: the streams, the node, the output
// format, and a way to say that the usage is wrong.
//
// Threads:   one.
// Errors:    a command returns the Status that becomes the exit code; usage() marks it as exit 64.
#pragma once

#include <boost/json.hpp>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kvhost/client/client.hpp"
#include "streams.hpp"

namespace kvhost::kvctl {

enum class Format { kText, kJson, kTable };

class Invocation {
 public:
  explicit Invocation(Streams& all) : streams(all) {}

  Streams& streams;
  std::string command;
  std::vector<std::string> arguments;
  std::map<std::string, std::string> options;  // given ones; "" for a flag
  std::vector<std::string> endpoints;
  std::chrono::milliseconds timeout{5000};
  Format format = Format::kText;
  int special_exit = 0;  // set by commands whose exit code is another program's

  // Connects on first use.
  Result<client::Client*> client();

  bool has(const std::string& option) const { return options.count(option) != 0; }
  std::optional<std::string> option(const std::string& name) const;
  // INVALID_ARGUMENT and exit code 64 for text that is none.
  Result<std::optional<int64_t>> integer_option(const std::string& name);
  Result<std::optional<std::chrono::milliseconds>> duration_option(const std::string& name);

  // The argument, or all of stdin for "-".
  std::string argument_or_input(std::size_t index);

  Status usage(std::string text);
  bool is_usage_error() const { return is_usage_error_; }

  // Prints a small result in the format that was asked for: `text` as it is, or the members.
  void print(std::string_view text, const boost::json::object& members);

 private:
  std::unique_ptr<client::Client> client_;
  bool is_usage_error_ = false;
};

// "60s", "500ms", "5m", "1h"; a number alone is seconds.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);
std::optional<int64_t> parse_integer(std::string_view text);

}  // namespace kvhost::kvctl
