#include "sstable/open_table.hpp"

#include <utility>

#include "sstable/small_blocks.hpp"

namespace kvhost::engine {

Result<std::unique_ptr<const OpenTable>> OpenTable::open(std::unique_ptr<RandomAccessFile> file,
                                                         std::string path, BlockCache* cache,
                                                         MemoryBudget* budget,
                                                         std::optional<FileIdentity> identity) {
  auto table = std::make_unique<OpenTable>(std::move(file), std::move(path));
  KVHOST_TRY(table->read_frame(identity));
  KVHOST_TRY(table->load_residents());
  table->account(cache, budget);
  return std::unique_ptr<const OpenTable>(std::move(table));
}

Status OpenTable::read_frame(std::optional<FileIdentity> identity) {
  KVHOST_TRY_ASSIGN(const uint64_t size, file_->size());
  if (size < kTableHeaderBytes + kTableFooterBytes) {
    return table_corruption(path_, 0,
                            "file is shorter than a table's header and footer: at least " +
                                expected_found(kTableHeaderBytes + kTableFooterBytes, size));
  }
  KVHOST_TRY_ASSIGN(const BlockBuffer footer, read({size - kTableFooterBytes, kTableFooterBytes}));
  KVHOST_TRY_ASSIGN(footer_, TableFooter::decode(footer.view(), size, path_));
  KVHOST_TRY_ASSIGN(const BlockBuffer header, read({0, kTableHeaderBytes}));
  KVHOST_TRY_ASSIGN(const FileIdentity stated, decode_table_header(header.view(), path_));
  for (const FileIdentity& expected : {footer_.identity, identity.value_or(stated)}) {
    if (expected == stated) continue;
    return table_corruption(
        path_, 0,
        "file identity: expected " + expected.to_string() + ", found " + stated.to_string());
  }
  return Status::ok();
}

Status OpenTable::load_residents() {
  const auto load = [this](const BlockHandle& handle, BlockKind kind, auto&& take) -> Status {
    KVHOST_TRY_ASSIGN(BlockBuffer stored, read(handle));
    KVHOST_TRY_ASSIGN(const OpenedBlock block,
                      open_block(stored.view(), kind, handle.offset, footer_.identity, path_));
    return take(block.payload, stored);
  };
  KVHOST_TRY(load(footer_.properties, BlockKind::kProperties,
                  [this](std::string_view payload, BlockBuffer&) -> Status {
                    KVHOST_TRY_ASSIGN(properties_,
                                      decode_properties(payload, footer_.properties.offset, path_));
                    properties_.file_bytes = footer_.file_size;
                    return Status::ok();
                  }));
  KVHOST_TRY(load(
      footer_.fences, BlockKind::kFences, [this](std::string_view payload, BlockBuffer&) -> Status {
        KVHOST_TRY_ASSIGN(fences_,
                          Fences::load(payload, footer_.data_end, footer_.fences.offset, path_));
        return Status::ok();
      }));
  if (footer_.filter.size != 0) {
    KVHOST_TRY(load(footer_.filter, BlockKind::kFilter,
                    [this](std::string_view payload, BlockBuffer& stored) -> Status {
                      if (std::string wrong = Filter::check(payload); !wrong.empty()) {
                        return table_corruption(path_, footer_.filter.offset, wrong);
                      }
                      // The filter is never compressed: its payload begins the stored bytes.
                      filter_ = Filter(payload);
                      filter_bytes_ = std::move(stored);
                      return Status::ok();
                    }));
  }
  if (footer_.range_tombstones.size == 0) {
    range_tombstones_ = std::make_shared<const FragmentedRangeTombstones>();
    return Status::ok();
  }
  return load(footer_.range_tombstones, BlockKind::kRangeTombstones,
              [this](std::string_view payload, BlockBuffer&) -> Status {
                KVHOST_TRY_ASSIGN(
                    range_tombstones_,
                    decode_range_tombstones(payload, footer_.range_tombstones.offset, path_));
                return Status::ok();
              });
}

void OpenTable::account(BlockCache* cache, MemoryBudget* budget) {
  filter_charge_ = BudgetCharge(budget, MemoryCategory::kFilters, filter_bytes_.size());
  fences_charge_ = BudgetCharge(budget, MemoryCategory::kFences,
                                fences_.memory_bytes() + range_tombstones_->memory_bytes());
  if (cache != nullptr) cache_ = cache->attach(fences_.blocks());
}

std::size_t OpenTable::resident_bytes() const {
  return static_cast<std::size_t>(filter_charge_.bytes() + fences_charge_.bytes());
}

Result<BlockBuffer> OpenTable::read(const BlockHandle& handle) const {
  BlockBuffer bytes(handle.size);
  auto got = file_->read_at(handle.offset, {bytes.data(), bytes.size()});
  if (!got) return got.error().with_context(path_);
  if (*got != handle.size) {
    return table_corruption(
        path_, handle.offset,
        "file ends within a block: " + expected_found(handle.size, *got) + " bytes");
  }
  return bytes;
}

Result<OpenedBlock> OpenTable::open_data_block(std::string_view stored, std::size_t index) const {
  const uint64_t offset = fences_.handle(index).offset;
  KVHOST_TRY_ASSIGN(OpenedBlock block,
                    open_block(stored, BlockKind::kData, offset, footer_.identity, path_));
  if (std::string wrong = DataBlock::check(block.payload); !wrong.empty()) {
    return table_corruption(path_, offset, wrong);
  }
  return block;
}

Result<PinnedBlock> OpenTable::load_block(std::size_t index, bool fill_cache) const {
  if (cache_ != nullptr) {
    if (PinnedBlock cached = cache_->get(index)) return cached;
  }
  KVHOST_TRY_ASSIGN(BlockBuffer stored, read(fences_.handle(index)));
  KVHOST_TRY_ASSIGN(OpenedBlock opened, open_data_block(stored.view(), index));
  BlockBuffer& bytes = opened.codec == Codec::kNone ? stored : opened.decompressed;
  if (cache_ != nullptr && fill_cache) return cache_->insert(index, std::move(bytes));
  return PinnedBlock(std::move(bytes));
}

}  // namespace kvhost::engine
