#include "version/manifest_writer.hpp"

#include <utility>

#include "version/file_names.hpp"
#include "version/manifest_format.hpp"

namespace kvhost::engine {

ManifestWriter::ManifestWriter(std::unique_ptr<WritableFile> file, std::string path,
                               uint64_t number)
    : file_(std::move(file)), path_(std::move(path)), number_(number) {}

ManifestWriter::~ManifestWriter() = default;

Result<std::unique_ptr<ManifestWriter>> ManifestWriter::create(FileSystem& files,
                                                               const std::string& directory,
                                                               uint64_t number,
                                                               std::string_view first_payload) {
  const std::string path = manifest_path(directory, number);
  KVHOST_TRY_ASSIGN(auto file, files.create(path));
  const std::string header = encode_manifest_header(number);
  KVHOST_TRY(file->append(header));
  std::unique_ptr<ManifestWriter> writer(new ManifestWriter(std::move(file), path, number));
  writer->bytes_ = header.size();
  KVHOST_TRY(writer->add(first_payload));
  return writer;
}

Status ManifestWriter::add(std::string_view payload) {
  KVHOST_TRY(failure_);
  if (payload.size() > UINT32_MAX) {
    return {StatusCode::TOO_LARGE,
            path_ + ": expected an edit below 4 GiB, found " + std::to_string(payload.size())};
  }
  std::string record = encode_record_header(payload, number_, bytes_);
  record += payload;
  failure_ = file_->append(record);
  if (failure_.is_ok()) failure_ = file_->sync();
  if (failure_.is_ok()) bytes_ += record.size();
  return failure_;
}

}  // namespace kvhost::engine
