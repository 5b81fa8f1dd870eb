#include "session/leader_redirect.hpp"

#include <boost/json.hpp>
#include <string_view>

namespace kvhost::http {
namespace {

bool is_url(std::string_view text) {
  return text.substr(0, 7) == "http://" || text.substr(0, 8) == "https://";
}

std::optional<std::string> trimmed(std::string_view url) {
  url = url.substr(0, url.find_first_of(" \t\r\n\"'<>,;"));
  while (!url.empty() && (url.back() == '/' || url.back() == '.')) url.remove_suffix(1);
  return std::string(url);
}

std::optional<std::string> from_status(const Store& store) {
  const auto text = store.info("status");
  if (!text) return std::nullopt;
  boost::json::error_code ec;
  const auto status = boost::json::parse(*text, ec);
  if (ec) return std::nullopt;
  for (const char* const path : {"/replication/leader/address", "/replication/leader"}) {
    const auto* found = status.find_pointer(path, ec);
    if (found == nullptr || !found->is_string()) continue;
    const std::string_view url(found->get_string().data(), found->get_string().size());
    if (is_url(url)) return trimmed(url);
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> leader_url(const Store& store, const Status& not_leader) {
  if (auto url = from_status(store)) return url;
  const std::string_view words = not_leader.message();
  for (auto at = words.find("http"); at != std::string_view::npos;
       at = words.find("http", at + 1)) {
    if (is_url(words.substr(at))) return trimmed(words.substr(at));
  }
  return std::nullopt;
}

}  // namespace kvhost::http
