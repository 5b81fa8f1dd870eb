#include "store/command_arguments.hpp"

#include <algorithm>

#include "store/base64.hpp"

namespace kvhost::host {
namespace json = boost::json;

Result<CommandArguments> CommandArguments::parse(std::string_view command, std::string_view text,
                                                 std::initializer_list<std::string_view> known) {
  CommandArguments arguments;
  arguments.command_ = command;
  if (text.empty()) return arguments;
  boost::system::error_code failure;
  json::value value = json::parse({text.data(), text.size()}, failure);
  if (failure || !value.is_object()) {
    return Status(StatusCode::INVALID_ARGUMENT,
                  std::string(command) + ": the arguments are no JSON object" +
                      (failure ? ": " + failure.message() : std::string()));
  }
  arguments.members_ = std::move(value.as_object());
  for (const auto& member : arguments.members_) {
    const std::string_view name(member.key().data(), member.key().size());
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    std::string message = std::string(command) + ": unknown argument \"" + std::string(name) + "\"";
    message += known.size() == 0 ? "; it takes none" : "; it takes";
    for (const auto& each : known) message += " " + std::string(each);
    return Status(StatusCode::INVALID_ARGUMENT, std::move(message));
  }
  return arguments;
}

Status CommandArguments::wrong(std::string_view name, std::string_view expected) const {
  return {StatusCode::INVALID_ARGUMENT,
          command_ + ": argument \"" + std::string(name) + "\" must be " + std::string(expected)};
}

Result<std::optional<std::string>> CommandArguments::text(std::string_view name) const {
  const json::value* found = members_.if_contains({name.data(), name.size()});
  if (found == nullptr) return std::optional<std::string>();
  if (!found->is_string()) return wrong(name, "a string");
  return std::optional(std::string(found->as_string()));
}

Result<std::string> CommandArguments::required_text(std::string_view name) const {
  KVHOST_TRY_ASSIGN(auto given, text(name));
  if (!given || given->empty()) return wrong(name, "given, a string that is not empty");
  return std::move(*given);
}

Result<std::optional<std::string>> CommandArguments::bytes(std::string_view name) const {
  const std::string encoded_name = std::string(name) + "_base64";
  KVHOST_TRY_ASSIGN(auto plain, text(name));
  KVHOST_TRY_ASSIGN(const auto encoded, text(encoded_name));
  if (!encoded) return plain;
  if (plain) return wrong(encoded_name, "left out where \"" + std::string(name) + "\" is given");
  auto decoded = decode_base64(*encoded);
  if (!decoded) return wrong(encoded_name, "base64");
  return decoded;
}

Result<uint64_t> CommandArguments::number(std::string_view name, uint64_t fallback,
                                          uint64_t max) const {
  const json::value* found = members_.if_contains({name.data(), name.size()});
  if (found == nullptr) return fallback;
  boost::system::error_code failure;
  const auto value = found->to_number<uint64_t>(failure);
  if (failure || value > max) return wrong(name, "a number from 0 to " + std::to_string(max));
  return value;
}

}  // namespace kvhost::host
