// The node's data directory, and what changes hands with the replication strategy.
#include "kvhost/engine/state_directory.hpp"
#include "node/node.hpp"
#include "node/strategy_record.hpp"

namespace kvhost::host {

Result<std::unique_ptr<engine::Engine>> Node::open_data(const engine::Options& options,
                                                        engine::Environment environment) {
  auto& files = engine::posix_file_system();
  const std::string& data_dir = settings_.data_dir;
  const std::string strategy =
      replication_ == nullptr ? kNoStrategy : replication_->instance->name();
  KVHOST_TRY_ASSIGN(const auto record, read_strategy_record(files, data_dir));
  KVHOST_TRY(check_strategy_change(record, strategy));
  const bool is_other = record ? record->strategy != strategy : replication_ != nullptr;
  // Nobody will replace the state: reads need not ask which one it is.
  if (replication_ == nullptr || options.wal_sync != engine::WalSync::kOff) {
    KVHOST_TRY_ASSIGN(auto engine, open_fixed(options, std::move(environment)));
    if (is_other) KVHOST_TRY(write_strategy_record(files, data_dir, {strategy, true}));
    return engine;
  }
  KVHOST_TRY_ASSIGN(auto engine,
                    engine::ReplaceableEngine::open(data_dir, options, std::move(environment)));
  if (is_other) KVHOST_TRY(begin_strategy(*engine, data_dir));
  KVHOST_TRY(write_strategy_record(files, data_dir, {strategy, false}));
  replaceable_ = engine.get();
  return std::unique_ptr<engine::Engine>(std::move(engine));
}

Result<std::unique_ptr<engine::Engine>> Node::open_fixed(const engine::Options& options,
                                                         engine::Environment environment) {
  auto& files = engine::posix_file_system();
  const std::string& data_dir = settings_.data_dir;
  KVHOST_TRY_ASSIGN(const std::string active, engine::active_state_directory(files, data_dir));
  if (active != data_dir) {
    KVHOST_TRY_ASSIGN(data_lock_, files.lock(data_dir + "/LOCK"));
  }
  KVHOST_TRY_ASSIGN(auto engine, engine::Engine::open(active, options, std::move(environment)));
  KVHOST_TRY(engine::remove_other_states(files, data_dir, active));
  return engine;
}

void Node::begin_replication() {
  journals_.unlock();
  replication_metrics_ = std::make_unique<ReplicationMetrics>(*ordering_);
  services_.metrics().add_source(replication_metrics_.get());
}

// Everything that was applied is in the tables: another strategy may take over. What a strategy
// that did not come up has still to replay is not.
void Node::end_replication() {
  if (replaceable_ == nullptr || !is_attached_) return;
  const Status written = write_strategy_record(engine::posix_file_system(), settings_.data_dir,
                                               {replication_->instance->name(), true});
  if (!written) node_log_.warning(written.message());
}

}  // namespace kvhost::host
