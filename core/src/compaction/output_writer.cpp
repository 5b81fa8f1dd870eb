#include "compaction/output_writer.hpp"

#include <algorithm>
#include <utility>

#include "sstable/table_reader.hpp"
#include "version/file_names.hpp"

namespace kvhost::engine {

OutputWriter::OutputWriter(const Target& target, OutputSplitter splitter,
                           std::vector<RangeTombstone> tombstones)
    : target_(target), splitter_(std::move(splitter)), tombstones_(std::move(tombstones)) {}

OutputWriter::~OutputWriter() {
  if (is_kept_) return;
  builder_.reset();
  for (const uint64_t number : numbers_) {
    // What cannot be removed now is an orphan: the next open removes it.
    static_cast<void>(target_.files.remove(table_path(target_.versions.directory(), number)));
  }
}

uint64_t OutputWriter::bytes_written() const {
  uint64_t bytes = 0;
  for (const FileMetadata& table : tables_) bytes += table.bytes;
  return bytes;
}

Status OutputWriter::add(const Record& record) {
  if (builder_ != nullptr && record.key != last_key_ &&
      splitter_.ends_before(record, builder_->estimated_file_size())) {
    const std::string end(record.key);
    KVHOST_TRY(end_table(&end));
  }
  if (builder_ == nullptr) KVHOST_TRY(start_table(&record));
  last_key_.assign(record.key);
  return builder_->add(record);
}

Status OutputWriter::start_table(const Record* first) {
  number_ = target_.versions.new_file_number();
  const std::string path = table_path(target_.versions.directory(), number_);
  KVHOST_TRY_ASSIGN(auto file, target_.files.create(path));
  numbers_.push_back(number_);
  TableOptions options = target_.table;
  options.identity = FileIdentity::random();
  builder_ = std::make_unique<TableBuilder>(options, std::move(file), path);
  if (first != nullptr) splitter_.start_file(*first);
  return {};
}

void OutputWriter::add_tombstones(const std::string* end) {
  while (first_tombstone_ < tombstones_.size() &&
         tombstones_[first_tombstone_].end <= std::string_view(lower_bound_)) {
    ++first_tombstone_;
  }
  for (std::size_t i = first_tombstone_; i < tombstones_.size(); ++i) {
    RangeTombstone piece = tombstones_[i];
    if (end != nullptr && piece.start >= std::string_view(*end)) break;
    piece.start = std::max(piece.start, std::string_view(lower_bound_));
    if (end != nullptr) piece.end = std::min(piece.end, std::string_view(*end));
    if (piece.start < piece.end) builder_->add_range_tombstone(piece);
  }
}

Status OutputWriter::end_table(const std::string* end) {
  add_tombstones(end);
  Result<TableProperties> properties = builder_->finish();
  builder_.reset();
  if (!properties) return properties.error();
  tables_.push_back(FileMetadata::of_table(number_, *properties, target_.created_at_ms));
  if (end != nullptr) lower_bound_ = *end;
  return {};
}

Status OutputWriter::finish(const std::function<Status()>& may_go_on) {
  if (builder_ == nullptr && !tombstones_.empty()) KVHOST_TRY(start_table(nullptr));
  if (builder_ != nullptr) KVHOST_TRY(end_table(nullptr));
  for (const FileMetadata& table : tables_) {
    KVHOST_TRY(may_go_on());
    KVHOST_TRY(verify(table));
  }
  if (tables_.empty()) return {};
  return target_.files.sync_directory(tables_path(target_.versions.directory()));
}

Status OutputWriter::verify(const FileMetadata& table) const {
  const std::string path = table_path(target_.versions.directory(), table.number);
  KVHOST_TRY_ASSIGN(auto file, target_.files.open_for_reading(path));
  KVHOST_TRY_ASSIGN(const auto reader,
                    TableReader::open(std::move(file), path, {}, table.identity));
  KVHOST_TRY(reader->verify_all());
  if (FileMetadata::of_table(table.number, reader->properties(), table.created_at_ms) != table) {
    return {StatusCode::CORRUPTION,
            path +
                ": the new table reads back with other figures than it was written with; it was "
                "not put into the tree"};
  }
  return {};
}

}  // namespace kvhost::engine
