// What the tests of the version room share: tables that are only bytes of the right number, edits
// that name them, and the tree as one line of text.
//
// Threads:   one.
#pragma once

#include <catch2/catch.hpp>
#include <string>

#include "support/crash_file_system.hpp"
#include "version/file_names.hpp"
#include "version/version_set.hpp"

namespace kvhost::engine::test {

inline const std::string kDirectory = "/data/db";

inline FileMetadata metadata_of(uint64_t number, std::string smallest, std::string largest,
                                uint64_t bytes = 100) {
  FileMetadata file;
  file.number = number;
  file.identity = {number * 1000, number};
  file.bytes = bytes;
  file.range = {std::move(smallest), std::move(largest), false};
  file.min_sequence = number;
  file.max_sequence = number + 5;
  file.entries = 10;
  file.tombstones = 1;
  file.distinct_keys = 9;
  file.raw_bytes = 400;
  file.entries_hash = number * 7;
  file.created_at_ms = 1700000000000;
  return file;
}

// A durable file of the right length where the table would be.
inline Status write_fake_table(FileSystem& files, const FileMetadata& metadata) {
  KVHOST_TRY_ASSIGN(const auto file, files.create(table_path(kDirectory, metadata.number)));
  KVHOST_TRY(file->append(std::string(metadata.bytes, 't')));
  KVHOST_TRY(file->sync());
  KVHOST_TRY(file->close());
  return files.sync_directory(tables_path(kDirectory));
}

inline Result<std::unique_ptr<VersionSet>> open_set(FileSystem& files,
                                                    VersionSetOptions options = {}) {
  return VersionSet::open(files, kDirectory, options, null_logger());
}

// Writes a table and installs it as the newest run of level 0, as a flush does.
inline Result<uint64_t> flush_table(FileSystem& files, VersionSet& set, std::string smallest,
                                    std::string largest) {
  const uint64_t number = set.new_file_number();
  const FileMetadata metadata = metadata_of(number, std::move(smallest), std::move(largest));
  KVHOST_TRY(write_fake_table(files, metadata));
  VersionEdit edit;
  edit.add_level0_run(set.new_run_id(), metadata);
  edit.last_sequence = metadata.max_sequence;
  edit.log_start = LogPosition{number, 0};
  const auto installed = set.log_and_apply(edit);
  if (!installed) return installed.error();
  return number;
}

// `L0(7:a-c) L1(3:a-f 4:g-k)`, newest run first.
inline std::string tree_text(const Version& version) {
  std::string text;
  for (const SortedRunPtr& run : version.runs()) {
    if (!text.empty()) text += ' ';
    text += "L" + std::to_string(run->level()) + "(";
    for (const TableFilePtr& file : run->files()) {
      if (text.back() != '(') text += ' ';
      text += std::to_string(file->number()) + ":" + file->range().smallest + "-" +
              file->range().largest;
    }
    text += ")";
  }
  return text;
}

}  // namespace kvhost::engine::test
