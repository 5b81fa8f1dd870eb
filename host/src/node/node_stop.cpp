// The way down of node.hpp.
#include <thread>

#include "node/node.hpp"

namespace kvhost::host {

Node::~Node() {
  if (const Status status = shut_down(std::chrono::steady_clock::now()); !status) {
    node_log_.error(status.message());
  }
}

void Node::stop_part(std::unique_ptr<Part>& part, TimePoint deadline) {
  if (part == nullptr) return;
  if (const Status drained = part->instance->finish_drain(deadline); !drained) {
    node_log_.warning(drained.message());
  }
  part->instance->stop(deadline);
}

// A policy that still sits in plan() is neither stopped nor destroyed: its thread may come back at
// any moment, and nobody waits for it.
void Node::leave_behind_if_held(std::unique_ptr<Part>& part) {
  if (part == nullptr) return;
  // One that was merely at work comes back within a moment.
  const auto moment = std::chrono::steady_clock::now() + std::chrono::milliseconds(100);
  while (part->policy.use_count() > 1 && std::chrono::steady_clock::now() < moment) {
    std::this_thread::yield();
  }
  if (part->policy.use_count() <= 1) return;
  node_log_.warning(part->plan.component.describe() +
                    " has not come back from plan(); it is left behind");
  static auto* const kLeftBehind = new std::vector<std::unique_ptr<Part>>;
  kLeftBehind->push_back(std::move(part));
}

Status Node::shut_down(TimePoint deadline) {
  if (is_down_) return {};
  is_down_ = true;
  for (auto& transport : transports_) {
    if (const Status begun = transport->instance->begin_drain(deadline); !begun) {
      node_log_.warning(begun.message());
    }
  }
  facade_.drain(deadline);
  for (auto& transport : transports_) stop_part(transport, deadline);
  if (exporter_ != nullptr) {
    if (const Status begun = exporter_->instance->begin_drain(deadline); !begun) {
      node_log_.warning(begun.message());
    }
  }
  stop_part(exporter_, deadline);
  if (engine_metrics_ != nullptr) {
    services_.metrics().remove_source(engine_metrics_.get());
    services_.metrics().remove_source(node_metrics_.get());
  }
  if (replication_ != nullptr) {
    if (const Status begun = replication_->instance->begin_drain(deadline); !begun) {
      node_log_.warning(begun.message());
    }
  }
  stop_part(replication_, deadline);
  if (ordering_ != nullptr) ordering_->stopped();
  journals_.close_all();
  facade_.stop();
  if (replication_metrics_ != nullptr)
    services_.metrics().remove_source(replication_metrics_.get());
  // Ends a manual compaction that may still run on the executor's threads, which are joined next.
  const Status closed = engine_ == nullptr ? Status() : engine_->close();
  if (closed) end_replication();
  services_.stop();
  // The policies go after the engine, which may still ask them; components after their adapters.
  replication_metrics_.reset();
  ordering_.reset();
  engine_metrics_.reset();
  node_metrics_.reset();
  engine_.reset();
  for (auto& retired : retired_) leave_behind_if_held(retired);
  leave_behind_if_held(compaction_);
  for (auto& retired : retired_) stop_part(retired, deadline);
  stop_part(compaction_, deadline);
  transports_.clear();
  exporter_.reset();
  replication_.reset();
  retired_.clear();
  compaction_.reset();
  return closed;
}

}  // namespace kvhost::host
