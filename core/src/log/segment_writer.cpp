#include "log/segment_writer.hpp"

namespace kvhost::engine {
namespace {

Status write_header(FileSystem& files, const std::string& spare, const SegmentHeader& header) {
  KVHOST_TRY_ASSIGN(const auto file, files.open_positioned(spare));
  KVHOST_TRY(file->write_at(0, encode_segment_header(header)));
  KVHOST_TRY(file->sync());
  return file->close();
}

}  // namespace

Result<std::shared_ptr<SegmentWriter>> SegmentWriter::begin(FileSystem& files,
                                                            const std::string& directory,
                                                            SegmentPool& pool, uint64_t size,
                                                            const SegmentHeader& header,
                                                            bool is_mapped) {
  KVHOST_TRY_ASSIGN(const std::string spare, pool.take(size));
  const std::string path = directory + "/" + segment_file_name(header.number);
  Status named = write_header(files, spare, header);
  if (named.is_ok()) named = files.rename(spare, path);
  if (!named.is_ok()) {
    // Never written to again: after a failed sync nobody knows what it holds.
    static_cast<void>(files.remove(spare));
    return named;
  }
  KVHOST_TRY(files.sync_directory(directory));
  // Opened anew, so that errors name the segment and not the spare that it was.
  KVHOST_TRY_ASSIGN(auto file, is_mapped ? files.open_mapped(path) : files.open_positioned(path));
  KVHOST_TRY_ASSIGN(const uint64_t file_bytes, file->size());
  return std::shared_ptr<SegmentWriter>(new SegmentWriter(header, std::move(file), file_bytes));
}

}  // namespace kvhost::engine
