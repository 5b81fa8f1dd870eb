#include "log/segment_pool.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace kvhost::engine {
namespace {

constexpr std::string_view kPrefix = "spare-";
constexpr std::size_t kDigits = 6;

std::string spare_name(uint64_t number) {
  std::string digits = std::to_string(number);
  if (digits.size() < kDigits) digits.insert(0, kDigits - digits.size(), '0');
  return std::string(kPrefix) + digits;
}

std::optional<uint64_t> parse_spare_name(std::string_view name) {
  if (!name.starts_with(kPrefix)) return std::nullopt;
  const std::string_view digits = name.substr(kPrefix.size());
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return number;
}

}  // namespace

Status SegmentPool::adopt(const std::vector<std::string>& names) {
  MutexLock lock(mutex_);
  for (const std::string& name : names) {
    const auto number = parse_spare_name(name);
    if (!number) continue;
    next_number_ = std::max(next_number_, *number + 1);
    const std::string path = directory_ + "/" + name;
    KVHOST_TRY_ASSIGN(const uint64_t size, files_.file_size(path));
    // A smaller one was cut short by a crash, or comes from a time with other options.
    if (size == segment_size_ && spares_.size() < max_spares_) {
      spares_.push_back(path);
    } else {
      KVHOST_TRY(files_.remove(path));
    }
  }
  return Status::ok();
}

std::string SegmentPool::next_path() { return directory_ + "/" + spare_name(next_number_++); }

Result<std::string> SegmentPool::make(uint64_t size) {
  MutexLock lock(mutex_);
  const std::string path = next_path();
  lock.unlock();
  KVHOST_TRY_ASSIGN(const auto file, files_.create_preallocated(path, size));
  KVHOST_TRY(file->close());
  return path;
}

Status SegmentPool::prepare() {
  if (spares() > 0) return Status::ok();
  KVHOST_TRY_ASSIGN(std::string path, make(segment_size_));
  MutexLock lock(mutex_);
  spares_.push_back(std::move(path));
  return Status::ok();
}

Result<std::string> SegmentPool::take(uint64_t size) {
  MutexLock lock(mutex_);
  if (size <= segment_size_ && !spares_.empty()) {
    std::string path = std::move(spares_.back());
    spares_.pop_back();
    return path;
  }
  lock.unlock();
  return make(std::max(size, segment_size_));
}

Status SegmentPool::put(const std::string& path, uint64_t size) {
  MutexLock lock(mutex_);
  if (size != segment_size_ || spares_.size() >= max_spares_) {
    lock.unlock();
    return files_.remove(path);
  }
  const std::string spare = next_path();
  lock.unlock();
  KVHOST_TRY(files_.rename(path, spare));
  lock.lock();
  spares_.push_back(spare);
  return Status::ok();
}

std::size_t SegmentPool::spares() const {
  MutexLock lock(mutex_);
  return spares_.size();
}

}  // namespace kvhost::engine
