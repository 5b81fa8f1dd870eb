#include "engine/scrubber.hpp"

#include <chrono>

#include "sstable/table_reader.hpp"
#include "version/file_names.hpp"

namespace kvhost::engine {

namespace {

uint64_t now_ns() {
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                   std::chrono::steady_clock::now().time_since_epoch())
                                   .count());
}

}  // namespace

// A table's file whose reads wait for their turn.
class ThrottledFile final : public RandomAccessFile {
 public:
  ThrottledFile(std::unique_ptr<RandomAccessFile> file, Scrubber& scrubber,
                const ScrubOptions& options)
      : file_(std::move(file)), scrubber_(scrubber), options_(options) {}

  Result<std::size_t> read_at(uint64_t offset, std::span<char> out) const override {
    KVHOST_TRY(scrubber_.pace(out.size(), options_));
    return file_->read_at(offset, out);
  }
  Result<uint64_t> size() const override { return file_->size(); }
  void will_need(uint64_t offset, uint64_t length) const override {
    file_->will_need(offset, length);
  }

 private:
  const std::unique_ptr<RandomAccessFile> file_;
  Scrubber& scrubber_;
  const ScrubOptions& options_;
};

Result<ScrubReport> Scrubber::run(const ScrubOptions& options) {
  MutexLock one_at_a_time(run_mutex_);
  begin_ns_ = now_ns();
  bytes_ = 0;
  ScrubReport report;
  Status failure;
  // Holds the tables on disk meanwhile.
  const VersionPtr version = versions_.current();
  version->for_each_file([&](const SortedRun&, const TableFilePtr& table) {
    if (!failure.is_ok()) return;
    const Status checked = check(*table, options);
    if (checked.code() == StatusCode::CANCELLED) {
      failure = checked;
      return;
    }
    ++report.tables;
    report.bytes += table->metadata().bytes;
    count(counters_.scrub_tables);
    if (checked.is_ok()) return;
    const std::string path = table_path(versions_.directory(), table->number());
    count(counters_.scrub_damaged_tables);
    logger_.log(LogLevel::kError, "a table is damaged: " + checked.to_string());
    report.damage.push_back({path, checked.message()});
  });
  if (!failure.is_ok()) return failure;
  count(counters_.scrub_runs);
  return report;
}

Status Scrubber::check(const TableFile& table, const ScrubOptions& options) {
  const std::string path = table_path(versions_.directory(), table.number());
  KVHOST_TRY_ASSIGN(auto file, files_.open_for_reading(path));
  auto throttled = std::make_unique<ThrottledFile>(std::move(file), *this, options);
  KVHOST_TRY_ASSIGN(const auto reader,
                    TableReader::open(std::move(throttled), path, {}, table.metadata().identity));
  return reader->verify_all();
}

Status Scrubber::pace(uint64_t bytes, const ScrubOptions& options) {
  bytes_ += bytes;
  count(counters_.scrub_bytes, bytes);
  const uint64_t due_ns =
      options.bytes_per_second == 0
          ? 0
          : static_cast<uint64_t>(static_cast<double>(bytes_) * 1e9 /
                                  static_cast<double>(options.bytes_per_second));
  MutexLock lock(mutex_);
  while (!is_stopped_) {
    const uint64_t elapsed_ns = now_ns() - begin_ns_;
    if (elapsed_ns >= due_ns) return Status::ok();
    stopped_changed_.wait_for(mutex_, std::chrono::nanoseconds(due_ns - elapsed_ns));
  }
  return {StatusCode::CANCELLED, "the scrub was stopped: the engine closes"};
}

void Scrubber::stop() {
  MutexLock lock(mutex_);
  is_stopped_ = true;
  stopped_changed_.notify_all();
}

}  // namespace kvhost::engine
