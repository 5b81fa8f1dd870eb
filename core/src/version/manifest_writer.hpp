// Writes one MANIFEST from its header on; each record is durable before add() returns.
//
// Threads:   one at a time.
// Lifetime:  owns the file.
// Errors:    NO_SPACE, IO_ERROR; then the file may end in a torn record and takes no more.
// Format:    docs/formats/manifest.md
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "kvhost/engine/file_system.hpp"
#include "kvhost/result.hpp"

namespace kvhost::engine {

class ManifestWriter {
 public:
  // Makes MANIFEST-`number` in `directory` with one record, durable; the directory is the caller's
  // to sync.
  static Result<std::unique_ptr<ManifestWriter>> create(FileSystem& files,
                                                        const std::string& directory,
                                                        uint64_t number,
                                                        std::string_view first_payload);
  ~ManifestWriter();

  // Appends a record and syncs.
  Status add(std::string_view payload);
  uint64_t bytes() const { return bytes_; }
  const std::string& path() const { return path_; }

 private:
  ManifestWriter(std::unique_ptr<WritableFile> file, std::string path, uint64_t number);

  std::unique_ptr<WritableFile> file_;
  const std::string path_;
  const uint64_t number_;
  uint64_t bytes_ = 0;
  Status failure_;
};

}  // namespace kvhost::engine
