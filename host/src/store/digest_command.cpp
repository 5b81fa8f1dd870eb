#include "store/digest_command.hpp"

#include <boost/json.hpp>
#include <cstdio>

#include "store/command_arguments.hpp"

namespace kvhost::host {

Result<std::string> run_digest_command(Ordering& ordering, std::string_view text) {
  KVHOST_TRY_ASSIGN(const auto arguments,
                    CommandArguments::parse("digest", text, {"index", "now_ms"}));
  KVHOST_TRY_ASSIGN(const uint64_t index, arguments.number("index", 0, UINT64_MAX));
  KVHOST_TRY_ASSIGN(const uint64_t now_ms, arguments.number("now_ms", 0, UINT64_MAX));
  KVHOST_TRY_ASSIGN(const engine::StateDigest digest, ordering.digest(index, now_ms));
  char words[33];
  std::snprintf(words, sizeof words, "%016llx%016llx",
                static_cast<unsigned long long>(digest.words[0]),
                static_cast<unsigned long long>(digest.words[1]));
  return boost::json::serialize(boost::json::object{
      {"index", index}, {"now_ms", now_ms}, {"records", digest.records}, {"digest", words}});
}

}  // namespace kvhost::host
