#include "compaction/compaction_iterator.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "format/entry_hash.hpp"

namespace kvhost::engine {
namespace {

constexpr uint64_t kBorderBytes = uint64_t{256} << 10;

}  // namespace

CompactionIterator::CompactionIterator(Inputs inputs) : inputs_(std::move(inputs)) {}

void CompactionIterator::seek_to_first() {
  inputs_.records->seek_to_first();
  skip_to_kept();
}

void CompactionIterator::next() {
  inputs_.records->next();
  skip_to_kept();
}

SequenceNumber CompactionIterator::stripe_of(SequenceNumber sequence) const {
  const auto at = std::lower_bound(inputs_.snapshots.begin(), inputs_.snapshots.end(), sequence);
  return at == inputs_.snapshots.end() ? kMaxSequence : *at;
}

void CompactionIterator::skip_to_kept() {
  for (valid_ = false; !valid_ && inputs_.records->valid() && may_go_on();) {
    const Record& record = inputs_.records->record();
    ++counts_.entries_in;
    bytes_in_ += record.key.size() + record.value.size();
    const Verdict verdict = judge(record);
    if (verdict == Verdict::kKeep) {
      ++counts_.entries_out;
      valid_ = true;
    } else {
      count_drop(verdict, record);
      inputs_.records->next();
    }
  }
}

bool CompactionIterator::may_go_on() {
  if (bytes_in_ < next_border_) return true;
  next_border_ = bytes_in_ + kBorderBytes;
  if (inputs_.at_block_border) stopped_ = inputs_.at_block_border();
  return stopped_.is_ok();
}

CompactionIterator::Verdict CompactionIterator::judge(const Record& record) {
  const SequenceNumber stripe = stripe_of(record.sequence);
  if (has_key_ && key_ == record.key) {
    if (stripe == key_stripe_) return Verdict::kShadowed;
  } else {
    key_.assign(record.key);
    has_key_ = true;
  }
  key_stripe_ = stripe;
  if (!inputs_.tombstones.empty() &&
      inputs_.tombstones.covering_sequence(record.key, stripe) > record.sequence) {
    return Verdict::kDeleted;
  }
  const bool has_expired = record.type == RecordType::kPut && record.expires_at_ms != 0 &&
                           record.expires_at_ms <= inputs_.now_ms;
  record_ = record;
  if (record.type == RecordType::kPut && !has_expired) return Verdict::kKeep;
  if (is_in_oldest_stripe(record.sequence) && !inputs_.older.may_hold(record.key)) {
    return has_expired ? Verdict::kExpired : Verdict::kDeleted;
  }
  if (has_expired) {
    record_ = {record.key, {}, record.sequence, RecordType::kTombstone, 0};
    ++counts_.rewritten_expired;
    counts_.hash_removed += record_hash(record);
    counts_.hash_added += record_hash(record_);
  }
  return Verdict::kKeep;
}

void CompactionIterator::count_drop(Verdict verdict, const Record& record) {
  counts_.hash_removed += record_hash(record);
  switch (verdict) {
    case Verdict::kShadowed:
      ++counts_.dropped_shadowed;
      break;
    case Verdict::kDeleted:
      ++counts_.dropped_deleted;
      break;
    case Verdict::kExpired:
      ++counts_.dropped_expired;
      break;
    case Verdict::kKeep:
      break;
  }
}

std::vector<RangeTombstone> CompactionIterator::range_tombstones() const {
  std::vector<RangeTombstone> kept;
  // By number: where in `kept` the stretch is that ends where the fragment at hand may begin.
  std::map<SequenceNumber, std::size_t> open;
  inputs_.tombstones.for_each_fragment([&](const FragmentedRangeTombstones::Fragment& fragment) {
    SequenceNumber last_stripe = 0;
    bool has_stripe = false;
    const bool hides_older = inputs_.older.may_overlap(fragment.start, fragment.end);
    for (const SequenceNumber sequence : fragment.sequences) {
      const SequenceNumber stripe = stripe_of(sequence);
      if (has_stripe && stripe == last_stripe) continue;
      has_stripe = true;
      last_stripe = stripe;
      if (is_in_oldest_stripe(sequence) && !hides_older) continue;
      const auto before = open.find(sequence);
      if (before != open.end() && kept[before->second].end == fragment.start) {
        kept[before->second].end = fragment.end;
      } else {
        open[sequence] = kept.size();
        kept.push_back({fragment.start, fragment.end, sequence});
      }
    }
  });
  return kept;
}

}  // namespace kvhost::engine
