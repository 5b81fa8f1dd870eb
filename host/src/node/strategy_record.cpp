#include "node/strategy_record.hpp"

#include <filesystem>
#include <span>
#include <system_error>

#include "kvhost/engine/write_batch.hpp"
#include "store/request_checks.hpp"

namespace kvhost::host {
namespace {

constexpr std::string_view kHead = "kvhost-strategy 1\n";
constexpr std::string_view kName = "STRATEGY";
constexpr uint64_t kMaxBytes = 4096;

std::string encode(const StrategyRecord& record) {
  return std::string(kHead) + record.strategy + (record.is_clean ? " clean\n" : " open\n");
}

Status write_new(engine::FileSystem& files, const std::string& path, const std::string& text) {
  KVHOST_TRY_ASSIGN(const auto file, files.create(path));
  KVHOST_TRY(file->append(text));
  KVHOST_TRY(file->sync());
  return file->close();
}

}  // namespace

Result<std::optional<StrategyRecord>> read_strategy_record(engine::FileSystem& files,
                                                           const std::string& data_dir) {
  const std::string path = data_dir + "/" + std::string(kName);
  KVHOST_TRY_ASSIGN(const bool exists, files.exists(path));
  if (!exists) return std::optional<StrategyRecord>();
  KVHOST_TRY_ASSIGN(const auto file, files.open_for_reading(path));
  std::string text(kMaxBytes, '\0');
  KVHOST_TRY_ASSIGN(const std::size_t count, file->read_at(0, text));
  text.resize(count);
  const std::size_t space = text.find(' ', kHead.size());
  StrategyRecord record;
  if (text.starts_with(kHead) && space != std::string::npos) {
    record.strategy = text.substr(kHead.size(), space - kHead.size());
    record.is_clean = text.substr(space) == " clean\n";
    if (encode(record) == text) return std::optional(record);
  }
  return Status(StatusCode::CORRUPTION,
                path + ": expected the name of a strategy and \"open\" or \"clean\", found \"" +
                    text.substr(0, 100) + "\"");
}

Status write_strategy_record(engine::FileSystem& files, const std::string& data_dir,
                             const StrategyRecord& record) {
  const std::string path = data_dir + "/" + std::string(kName);
  const std::string temporary = path + ".tmp";
  KVHOST_TRY_ASSIGN(const bool leftover, files.exists(temporary));
  if (leftover) KVHOST_TRY(files.remove(temporary));
  KVHOST_TRY(write_new(files, temporary, encode(record)));
  KVHOST_TRY(files.rename(temporary, path));
  return files.sync_directory(data_dir);
}

Status check_strategy_change(const std::optional<StrategyRecord>& record,
                             const std::string& strategy) {
  if (!record || record->strategy == strategy || record->is_clean) return {};
  return {StatusCode::CONFIG_ERROR,
          "[replication] plugin: expected \"" + record->strategy + "\", found \"" + strategy +
              "\": the node was not stopped in order under " + record->strategy +
              ", whose log may hold what the tables do not; start it once with plugin = \"" +
              record->strategy + "\", stop it with SIGTERM, then change the strategy"};
}

Status begin_strategy(engine::Engine& engine, const std::string& data_dir) {
  if (!engine.applied_position().strategy.empty()) {
    // A record of its own makes the position durable with the flush.
    engine::WriteBatch batch;
    batch.erase(kRequestIdSpace, "strategy");
    const engine::OrderedBatch ordered{engine.now_ms(), batch.bytes()};
    KVHOST_TRY(engine.apply({}, std::span(&ordered, 1)).status());
    KVHOST_TRY(engine.flush());
    if (!engine.durable_position().strategy.empty()) {
      return {StatusCode::INTERNAL, "the replication position could not be set back"};
    }
  }
  std::error_code failure;
  std::filesystem::remove_all(data_dir + "/journals", failure);
  if (!failure) return {};
  return {StatusCode::IO_ERROR, data_dir + "/journals: remove: " + failure.message()};
}

}  // namespace kvhost::host
