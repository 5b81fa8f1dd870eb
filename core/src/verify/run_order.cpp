#include "verify/run_order.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "version/run_iterator.hpp"

namespace kvhost::engine {

namespace {

constexpr std::size_t kReadBytes = std::size_t{1} << 20;

struct Source {
  std::size_t run = 0;  // place in the tree: smaller is newer
  std::unique_ptr<RecordIterator> records;
};

// A heap's order: the lowest key on top, of equal keys the newest run.
bool comes_later(const Source* a, const Source* b) {
  const int order = a->records->record().key.compare(b->records->record().key);
  return order != 0 ? order > 0 : a->run > b->run;
}

class OrderCheck {
 public:
  OrderCheck(const Version& version, TableCache& tables) : version_(version), tables_(tables) {}

  Status run() {
    KVHOST_TRY(open());
    while (!heap_.empty()) {
      std::pop_heap(heap_.begin(), heap_.end(), comes_later);
      Source& source = *heap_.back();
      heap_.pop_back();
      KVHOST_TRY(pass_key(source));
      KVHOST_TRY(push(source));
    }
    return Status::ok();
  }

 private:
  Status open() {
    TableReadOptions how;
    how.fill_cache = false;
    how.readahead_bytes = kReadBytes;
    sources_.reserve(version_.runs().size());
    for (std::size_t run = 0; run < version_.runs().size(); ++run) {
      sources_.push_back({run, make_run_iterator(version_.runs()[run], tables_, how)});
      sources_.back().records->seek_to_first();
      KVHOST_TRY(push(sources_.back()));
    }
    return Status::ok();
  }

  Status push(Source& source) {
    if (!source.records->valid()) return source.records->status();
    heap_.push_back(&source);
    std::push_heap(heap_.begin(), heap_.end(), comes_later);
    return Status::ok();
  }

  // The versions of one key in one run, newest first.
  Status pass_key(Source& source) {
    const Record& record = source.records->record();
    const bool is_same_key = has_key_ && record.key == key_;
    if (is_same_key && record.sequence >= oldest_) {
      return {StatusCode::CORRUPTION,
              "runs are out of order: run " + std::to_string(version_.runs()[newer_run_]->id()) +
                  " stands before run " + std::to_string(version_.runs()[source.run]->id()) +
                  ", expected sequence numbers of a key below " + std::to_string(oldest_) +
                  ", found " + std::to_string(record.sequence)};
    }
    key_.assign(record.key);
    has_key_ = true;
    newer_run_ = source.run;
    while (source.records->valid() && source.records->record().key == key_) {
      oldest_ = source.records->record().sequence;
      source.records->next();
    }
    return source.records->status();
  }

  const Version& version_;
  TableCache& tables_;
  std::vector<Source> sources_;
  std::vector<Source*> heap_;
  std::string key_;
  bool has_key_ = false;
  SequenceNumber oldest_ = 0;
  std::size_t newer_run_ = 0;
};

}  // namespace

Status check_run_order(const Version& version, TableCache& tables) {
  return OrderCheck(version, tables).run();
}

}  // namespace kvhost::engine
