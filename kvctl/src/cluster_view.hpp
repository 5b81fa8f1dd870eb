// What the endpoints that were given say about their cluster, each asked by itself.
//
// Threads:   one; endpoints are asked one after the other, digests all at once.
#pragma once

#include <boost/json.hpp>
#include <memory>
#include <string>
#include <vector>

#include "invocation.hpp"

namespace kvhost::kvctl {

struct Member {
  std::string endpoint;
  std::unique_ptr<client::Client> client;  // null when it cannot be reached
  Status failure;
  boost::json::object status;  // the node's section "status"

  bool reached() const { return client != nullptr && failure.is_ok(); }
  std::string node() const;
  std::string strategy() const;
  std::string role() const;
  // Where clients reach the leader, as this node has it.
  std::string leader() const;
  uint64_t applied_index() const;
  uint64_t now_ms() const;
  // A member of the strategy's own status, as text; "-" when it is not there.
  std::string told(const char* name) const;
  const boost::json::object& strategy_status() const;
};

std::vector<Member> look_at_cluster(Invocation& call);
// The endpoint whose node has this id, else the leader, else the first that answers; null: none
// does.
Member* best_member(std::vector<Member>& members, const std::string& node);

}  // namespace kvhost::kvctl
