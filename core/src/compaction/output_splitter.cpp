#include "compaction/output_splitter.hpp"

#include <algorithm>
#include <utility>

namespace kvhost::engine {
namespace {

constexpr uint64_t kMinFileBytes = uint64_t{16} << 10;
constexpr uint64_t kMaxFileBytes = uint64_t{16} << 30;
// Windows of expiry alternate along the keys: a cut for each change would make a file per key.
constexpr uint64_t kWindowMinShare = 16;

}  // namespace

SplitRules SplitRules::of_job(const Job& job, uint64_t default_file_bytes) {
  SplitRules rules;
  rules.file_bytes = job.split_file_bytes == 0 ? default_file_bytes : job.split_file_bytes;
  rules.file_bytes = std::clamp(rules.file_bytes, kMinFileBytes, kMaxFileBytes);
  rules.overlap_bytes = job.split_overlap_bytes;
  rules.window_ms = job.split_window_ms;
  return rules;
}

OutputSplitter::OutputSplitter(const SplitRules& rules, SortedRunPtr below)
    : rules_(rules), below_(std::move(below)) {}

void OutputSplitter::start_file(const Record& first) {
  pass_files_below(first.key);
  passed_bytes_ = 0;
  window_ = window_of(first);
}

bool OutputSplitter::ends_before(const Record& next, uint64_t file_bytes) {
  pass_files_below(next.key);
  if (file_bytes >= rules_.file_bytes) return true;
  // Both rules below may cut often; none of them makes files that are all overhead.
  if (file_bytes < std::min(rules_.file_bytes, kMinFileBytes)) return false;
  if (rules_.overlap_bytes != 0 && passed_bytes_ > rules_.overlap_bytes) return true;
  return rules_.window_ms != 0 && file_bytes >= rules_.file_bytes / kWindowMinShare &&
         window_of(next) != window_;
}

uint64_t OutputSplitter::window_of(const Record& record) const {
  return rules_.window_ms == 0 ? 0 : record.expires_at_ms / rules_.window_ms;
}

void OutputSplitter::pass_files_below(std::string_view key) {
  if (below_ == nullptr || rules_.overlap_bytes == 0) return;
  const auto& files = below_->files();
  while (next_below_ < files.size() && files[next_below_]->range().ends_before(key)) {
    passed_bytes_ += files[next_below_++]->metadata().bytes;
  }
}

}  // namespace kvhost::engine
