#include "version/run_iterator.hpp"

#include <algorithm>
#include <utility>

#include "base/assert.hpp"

namespace kvhost::engine {
namespace {

class FilesIterator final : public RecordIterator {
 public:
  FilesIterator(std::vector<TableFilePtr> files, TableCache& tables, TableReadOptions options)
      : files_(std::move(files)), tables_(tables), options_(options) {}

  Status status() const override {
    if (!status_.is_ok() || inner_ == nullptr) return status_;
    return inner_->status();
  }

  void seek_to_first() override {
    if (open(0)) inner_->seek_to_first();
    skip_forward();
  }
  void seek_to_last() override {
    if (open(files_.size() - 1)) inner_->seek_to_last();
    skip_back();
  }
  void seek(std::string_view key, SequenceNumber sequence) override {
    if (open(file_of(key))) inner_->seek(key, sequence);
    skip_forward();
  }
  void prepare_seek(std::string_view key) override {
    current_ = nullptr;
    if (open(file_of(key))) inner_->prepare_seek(key);
  }
  std::size_t steps_before(std::optional<std::string_view> bound) const override {
    return inner_->steps_before(bound);
  }
  void seek_for_prev(std::string_view key, SequenceNumber sequence) override {
    const auto after = std::partition_point(
        files_.begin(), files_.end(),
        [key](const TableFilePtr& one) { return one->range().smallest <= key; });
    if (open(static_cast<std::size_t>(after - files_.begin()) - 1)) {
      inner_->seek_for_prev(key, sequence);
    }
    skip_back();
  }
  void next() override {
    inner_->next();
    if (inner_->valid()) [[likely]] {
      current_ = &inner_->record();
      return;
    }
    skip_forward();
  }
  void prev() override {
    inner_->prev();
    skip_back();
  }

 private:
  // The first file that may hold `key` or a later one.
  std::size_t file_of(std::string_view key) const {
    const auto file = std::partition_point(
        files_.begin(), files_.end(),
        [key](const TableFilePtr& one) { return one->range().ends_before(key); });
    return static_cast<std::size_t>(file - files_.begin());
  }
  // False past either end (SIZE_MAX is before the first) and after an error.
  bool open(std::size_t index) {
    status_ = {};
    if (index >= files_.size()) {
      inner_.reset();
      index_ = files_.size();
      return false;
    }
    if (index == index_ && inner_ != nullptr) return true;
    inner_.reset();
    index_ = index;
    const auto reader = tables_.reader(*files_[index]);
    if (!reader) {
      status_ = reader.error();
      return false;
    }
    inner_ = (*reader)->iterator(options_);
    return true;
  }
  bool at_end_of_file() const {
    return inner_ != nullptr && !inner_->valid() && inner_->status().is_ok();
  }
  // Files may hold range tombstones alone, so one step is not always enough.
  void skip_forward() {
    while (at_end_of_file() && open(index_ + 1)) inner_->seek_to_first();
    show();
  }
  void skip_back() {
    while (at_end_of_file() && open(index_ - 1)) inner_->seek_to_last();
    show();
  }
  void show() { current_ = inner_ != nullptr && inner_->valid() ? &inner_->record() : nullptr; }

  const std::vector<TableFilePtr> files_;
  TableCache& tables_;
  const TableReadOptions options_;
  std::size_t index_ = SIZE_MAX;
  std::unique_ptr<RecordIterator> inner_;
  Status status_;
};

}  // namespace

std::unique_ptr<RecordIterator> make_run_iterator(const SortedRunPtr& run, TableCache& tables,
                                                  TableReadOptions options) {
  return make_files_iterator(run->files(), tables, options);
}

std::unique_ptr<RecordIterator> make_files_iterator(std::vector<TableFilePtr> files,
                                                    TableCache& tables, TableReadOptions options) {
  KVHOST_ASSERT(!files.empty(), "an iterator over no file");
  return std::make_unique<FilesIterator>(std::move(files), tables, options);
}

}  // namespace kvhost::engine
