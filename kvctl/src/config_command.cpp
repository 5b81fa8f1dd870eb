// config check: the host library's own check.
#include "command_table.hpp"
#include "kvhost/host/config_check.hpp"

namespace kvhost::kvctl {

Status run_config_check(Invocation& call) {
  const auto mistakes = host::check_config_file(call.arguments[0]);
  if (call.format == Format::kJson) {
    boost::json::array list;
    for (const auto& mistake : mistakes) list.emplace_back(mistake);
    call.streams.out << boost::json::serialize(boost::json::object{{"ok", mistakes.empty()},
                                                                   {"mistakes", std::move(list)}})
                     << '\n';
  } else if (mistakes.empty()) {
    call.streams.out << "OK\n";
  }
  if (mistakes.empty()) return {};
  std::string text;
  for (const auto& mistake : mistakes) text += (text.empty() ? "" : "\n") + mistake;
  return {StatusCode::CONFIG_ERROR, std::move(text)};
}

}  // namespace kvhost::kvctl
