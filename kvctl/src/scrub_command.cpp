// scrub: a running node checks its tables.
#include "command_table.hpp"
#include "text.hpp"

namespace kvhost::kvctl {

namespace json = boost::json;

Status run_scrub(Invocation& call) {
  KVHOST_TRY_ASSIGN(const auto rate, call.integer_option("rate"));
  if (rate && *rate < 0) return call.usage("--rate: expected 0 or more MiB a second");
  KVHOST_TRY_ASSIGN(auto* const client, call.client());
  client::CallOptions options;
  // As long as it takes: it reads every table, slowly.
  options.timeout = call.has("timeout") ? call.timeout : std::chrono::hours(24);
  const json::object arguments{{"mib_per_second", rate.value_or(32)}};
  KVHOST_TRY_ASSIGN(const auto text, client->command("scrub", json::serialize(arguments), options));
  boost::system::error_code failure;
  const json::value answer = json::parse(text, failure);
  const auto* const object = failure ? nullptr : answer.if_object();
  if (object == nullptr) return {StatusCode::PROTOCOL_ERROR, "the node's answer is no JSON object"};
  if (call.format == Format::kJson) {
    call.streams.out << text << '\n';
  } else {
    call.streams.out << flat_text(answer);
  }
  const auto* const damaged = object->if_contains("damaged");
  const auto* const list = damaged == nullptr ? nullptr : damaged->if_array();
  if (list == nullptr || list->empty()) return {};
  return {StatusCode::CORRUPTION, std::to_string(list->size()) +
                                      (list->size() == 1 ? " table is" : " tables are") +
                                      " damaged"};
}

}  // namespace kvhost::kvctl
