#include "sstable/table_reader.hpp"

#include <utility>

#include "sstable/open_table.hpp"
#include "sstable/table_iterator.hpp"
#include "sstable/verify_table.hpp"

namespace kvhost::engine {

TableReader::TableReader(std::unique_ptr<const OpenTable> file) : file_(std::move(file)) {}
TableReader::~TableReader() = default;

Result<std::shared_ptr<TableReader>> TableReader::open(std::unique_ptr<RandomAccessFile> file,
                                                       std::string path, Dependencies dependencies,
                                                       std::optional<FileIdentity> identity) {
  KVHOST_TRY_ASSIGN(auto table, OpenTable::open(std::move(file), std::move(path),
                                                dependencies.cache, dependencies.budget, identity));
  return std::make_shared<TableReader>(std::move(table));
}

Result<std::optional<TableHit>> TableReader::get(std::string_view key, SequenceNumber max_sequence,
                                                 uint64_t hash,
                                                 const TableReadOptions& options) const {
  if (!may_contain(hash)) return std::optional<TableHit>();
  return get_past_filter(key, max_sequence, hash, options);
}

std::size_t TableReader::locate(std::string_view key) const {
  if (file_->fences().blocks() == 0) return 0;
  const std::size_t block = file_->fences().find(key);
  file_->prefetch_slot(block);
  return block;
}

void TableReader::prefetch_block(std::size_t block) const {
  if (block < file_->fences().blocks()) file_->prefetch_block(block);
}

Result<std::optional<TableHit>> TableReader::get_at(std::size_t block_index, std::string_view key,
                                                    SequenceNumber max_sequence, uint64_t hash,
                                                    const TableReadOptions& options) const {
  const Fences& fences = file_->fences();
  if (fences.blocks() == 0) return std::optional<TableHit>();
  for (std::size_t index = block_index;; ++index) {
    Result<PinnedBlock> pin = options.cache_only ? file_->cached_block(index)
                                                 : file_->load_block(index, options.fill_cache);
    if (!pin) return pin.error();
    if (!*pin) {
      TableHit elsewhere;
      elsewhere.needs_disk = true;
      return std::optional<TableHit>(std::move(elsewhere));
    }
    const DataBlock block(pin->view());
    const DataBlock::Match match = block.find(key, key_tag(hash), max_sequence);
    if (match.entry) {
      const std::size_t entry = *match.entry;
      return std::optional<TableHit>(TableHit{{block.value(entry), block.sequence(entry),
                                               block.expires_at_ms(entry), block.type(entry)},
                                              std::move(*pin)});
    }
    if (!match.at_end || index + 1 == fences.blocks() || !fences.continues(index + 1)) {
      return std::optional<TableHit>();
    }
  }
}

void TableReader::prefetch_filter(uint64_t hash) const { file_->filter().prefetch(hash); }

bool TableReader::may_contain(uint64_t hash) const {
  return properties().entries > 0 && file_->filter().may_contain(hash);
}

std::unique_ptr<RecordIterator> TableReader::iterator(const TableReadOptions& options) const {
  return std::make_unique<TableIterator>(*file_, options);
}

const std::shared_ptr<const FragmentedRangeTombstones>& TableReader::range_tombstones() const {
  return file_->range_tombstones();
}

const TableProperties& TableReader::properties() const { return file_->properties(); }
const std::string& TableReader::path() const { return file_->path(); }

uint64_t TableReader::approximate_offset(std::string_view key) const {
  const Fences& fences = file_->fences();
  if (fences.blocks() == 0 || key <= properties().smallest_key) return 0;
  if (key > properties().largest_key) return file_->footer().data_end;
  return fences.handle(fences.find(key)).offset;
}

std::size_t TableReader::resident_bytes() const { return file_->resident_bytes(); }
Status TableReader::verify_all() const { return verify_table(*file_); }

}  // namespace kvhost::engine
