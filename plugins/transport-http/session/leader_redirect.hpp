// Where the leader is, when the store says that this node is not it.
//
// Threads:   any.
#pragma once

#include <optional>
#include <string>

#include "kvhost/store.hpp"

namespace kvhost::http {

// The leader's "http://host:port" as the node's status (replication.leader, or its member address)
// or the failure's own words give it; none when it is not known.
std::optional<std::string> leader_url(const Store& store, const Status& not_leader);

}  // namespace kvhost::http
