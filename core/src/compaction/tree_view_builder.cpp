#include "compaction/tree_view_builder.hpp"

#include <utility>

namespace kvhost::engine {
namespace {

// But for the keys, which point nowhere yet.
FileView view_of(const TableFile& file, const TreeFacts& facts) {
  const FileMetadata& metadata = file.metadata();
  FileView view;
  view.id = metadata.number;
  view.identity[0] = metadata.identity.high;
  view.identity[1] = metadata.identity.low;
  view.bytes = metadata.bytes;
  view.min_sequence = metadata.min_sequence;
  view.max_sequence = metadata.max_sequence;
  view.entries = metadata.entries;
  view.tombstones = metadata.tombstones;
  view.range_deletes = metadata.range_deletes;
  view.ttl_entries = metadata.ttl_entries;
  view.min_expires_at_ms = metadata.min_expires_at_ms;
  view.max_expires_at_ms = metadata.max_expires_at_ms;
  view.created_at_ms = metadata.created_at_ms;
  view.estimated_garbage_bytes = metadata.estimated_garbage_bytes(facts.now_ms);
  view.read_touches = file.read_touches();
  view.busy = facts.busy.contains(metadata.number);
  return view;
}

}  // namespace

OwnedTree::OwnedTree(const Version& version, TreeFacts facts) : facts_(std::move(facts)) {
  // Reserved first: the views point into these vectors.
  keys_.reserve(2 * version.file_count());
  files_.reserve(version.file_count());
  runs_.reserve(version.runs().size());
  for (const SortedRunPtr& run : version.runs()) {
    const FileView* first = files_.data() + files_.size();
    for (const TableFilePtr& file : run->files()) {
      files_.push_back(view_of(*file, facts_));
      files_.back().smallest_key = keys_.emplace_back(file->range().smallest);
      files_.back().largest_key = keys_.emplace_back(file->range().largest);
    }
    runs_.push_back({run->id(), run->level(), run->bytes(), {first, run->files().size()}});
  }
  view_.now_ms = facts_.now_ms;
  view_.runs = runs_;
  view_.snapshots = facts_.snapshots;
  view_.last_sequence = facts_.last_sequence;
  view_.memtable_bytes = facts_.memtable_bytes;
  view_.write_bytes_per_s = facts_.write_bytes_per_s;
  view_.total_bytes = version.bytes();
  view_.free_bytes = facts_.free_bytes;
  view_.max_workers = facts_.max_workers;
  view_.idle_workers = facts_.idle_workers;
  view_.policy_state = facts_.policy_state;
}

TreeSnapshot tree_snapshot(const Version& version, const TreeFacts& facts) {
  TreeSnapshot snapshot;
  for (const SortedRunPtr& run : version.runs()) {
    TreeRun& copy = snapshot.runs.emplace_back();
    copy.id = run->id();
    copy.level = run->level();
    copy.bytes = run->bytes();
    copy.files.reserve(run->files().size());
    for (const TableFilePtr& file : run->files()) {
      copy.files.push_back({view_of(*file, facts), file->range().smallest, file->range().largest});
    }
    // Only now: a growing vector moves its strings.
    for (TreeFile& file : copy.files) {
      file.view.smallest_key = file.smallest_key;
      file.view.largest_key = file.largest_key;
    }
  }
  snapshot.snapshots = facts.snapshots;
  snapshot.policy_name = facts.policy_name;
  snapshot.policy_state = facts.policy_state;
  snapshot.now_ms = facts.now_ms;
  snapshot.last_sequence = facts.last_sequence;
  return snapshot;
}

}  // namespace kvhost::engine
