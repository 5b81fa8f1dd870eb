// Who belongs to the cluster, and how many of them a write, a read and a promotion need.
//
// Threads:   values.
// Errors:    check() and decode(): CONFIG_ERROR and PROTOCOL_ERROR that name the member or count.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kvhost/result.hpp"
#include "protocol/position.hpp"

namespace kvhost::leader_follower {

struct Member {
  std::string id;
  std::string address;
  NodeKey key() const { return node_key(id); }
  bool operator==(const Member&) const = default;
};

struct Members {
  std::vector<Member> nodes;  // by id
  // 0: the default, a majority (W) and N − W + 1 (R).
  uint32_t chosen_write_quorum = 0;
  uint32_t chosen_read_quorum = 0;

  uint32_t count() const { return static_cast<uint32_t>(nodes.size()); }
  // W: the nodes that have a batch durable before it is acknowledged.
  uint32_t write_quorum() const {
    return chosen_write_quorum != 0 ? chosen_write_quorum : count() / 2 + 1;
  }
  // R: the nodes that a linearizable read asks.
  uint32_t read_quorum() const {
    return chosen_read_quorum != 0 ? chosen_read_quorum : count() - write_quorum() + 1;
  }
  // P: the grants of a promotion; every set of P meets every set of W.
  uint32_t promotion_quorum() const { return count() - write_quorum() + 1; }
  bool reads_are_linearizable() const { return write_quorum() + read_quorum() > count(); }

  const Member* find(NodeKey key) const;
  bool contains(NodeKey key) const { return find(key) != nullptr; }
  void insert(Member member);
  void erase(NodeKey key);
  Status check() const;

  std::string encode() const;
  static Result<Members> decode(std::string_view bytes);
  bool operator==(const Members&) const = default;
};

}  // namespace kvhost::leader_follower
