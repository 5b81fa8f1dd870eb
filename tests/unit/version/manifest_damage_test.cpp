// A MANIFEST that ends early is a crash; one that is damaged is never taken for that.
#include <catch2/catch.hpp>

#include "file/whole_file.hpp"
#include "kvhost/engine/inspect_manifest.hpp"
#include "version/manifest_format.hpp"
#include "version/manifest_reader.hpp"
#include "version_story.hpp"

using namespace kvhost;
using namespace kvhost::engine;
using namespace kvhost::engine::test;
using Catch::Contains;
using kvhost::engine::testing::CrashFileSystem;

namespace {

const std::string kManifest = manifest_path(kDirectory, 1);

// A database with three flushes in MANIFEST-000001; returns the tree after each record.
std::vector<std::string> make_database(CrashFileSystem& files) {
  std::vector<std::string> trees;
  const auto set = open_set(files);
  REQUIRE(set);
  trees.push_back(tree_text(*(*set)->current()));
  for (int i = 0; i < 3; ++i) {
    REQUIRE(flush_table(files, **set, "a", "c"));
    trees.push_back(tree_text(*(*set)->current()));
  }
  return trees;
}

std::string manifest_bytes(CrashFileSystem& files) {
  const auto bytes = read_whole_file(files, kManifest, 1 << 20);
  REQUIRE(bytes);
  return *bytes;
}

void replace_manifest(CrashFileSystem& files, std::string_view bytes) {
  REQUIRE(files.remove(kManifest).is_ok());
  const auto file = files.create(kManifest);
  REQUIRE(file);
  REQUIRE((*file)->append(bytes).is_ok());
  REQUIRE((*file)->close().is_ok());
}

// The records' offsets, and the end.
std::vector<uint64_t> record_offsets(CrashFileSystem& files) {
  const auto reader = ManifestReader::open(files, kManifest);
  REQUIRE(reader);
  std::vector<uint64_t> offsets;
  while (true) {
    const auto record = (*reader)->next();
    REQUIRE(record);
    if (!*record) break;
    offsets.push_back((**record).offset);
  }
  offsets.push_back((*reader)->file_bytes());
  return offsets;
}

std::string tree_or_error(CrashFileSystem& files) {
  const auto set = open_set(files);
  if (set) return tree_text(*(*set)->current());
  CHECK_THAT(set.error().message(), Contains(kManifest));
  return std::string(set.error().info().name);
}

}  // namespace

TEST_CASE("manifest: cut at any byte, it yields the edits before the cut") {
  CrashFileSystem made;
  const auto trees = make_database(made);
  const std::string bytes = manifest_bytes(made);
  const auto offsets = record_offsets(made);
  REQUIRE(offsets.size() == trees.size() + 1);
  for (std::size_t length = offsets[1]; length <= bytes.size(); ++length) {
    CrashFileSystem files;
    make_database(files);
    replace_manifest(files, std::string_view(bytes).substr(0, length));
    std::size_t whole = 0;
    while (whole + 1 < offsets.size() && offsets[whole + 1] <= length) ++whole;
    INFO("length " << length);
    CHECK(tree_or_error(files) == trees[whole - 1]);
  }
}

TEST_CASE("manifest: a tail of zeros is a crash, too") {
  CrashFileSystem made;
  const auto trees = make_database(made);
  const std::string bytes = manifest_bytes(made);
  for (const std::size_t zeros : {1, 15, 16, 17, 600, 5000}) {
    CrashFileSystem files;
    make_database(files);
    replace_manifest(files, bytes + std::string(zeros, '\0'));
    INFO(zeros);
    CHECK(tree_or_error(files) == trees.back());
  }
}

TEST_CASE("manifest: a header alone is damage, for it was never current without a first record") {
  CrashFileSystem files;
  make_database(files);
  const std::string bytes = manifest_bytes(files);
  const auto offsets = record_offsets(files);
  for (const std::size_t length : {std::size_t{0}, std::size_t{8}, std::size_t{30},
                                   std::size_t{offsets[0]}, std::size_t{offsets[1] - 1}}) {
    replace_manifest(files, std::string_view(bytes).substr(0, length));
    INFO(length);
    CHECK(tree_or_error(files) == "corruption");
  }
}

TEST_CASE("manifest: a flipped bit anywhere is reported with its place, never skipped") {
  CrashFileSystem files;
  make_database(files);
  const std::string bytes = manifest_bytes(files);
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    replace_manifest(files, damaged);
    INFO("byte " << at);
    const auto set = open_set(files);
    REQUIRE_FALSE(set);
    const bool is_version = at >= 8 && at < 12;
    CHECK(set.error().code() ==
          (is_version ? StatusCode::FORMAT_UNSUPPORTED : StatusCode::CORRUPTION));
    CHECK_THAT(set.error().message(), Contains(kManifest + " at offset "));
    CHECK_THAT(set.error().message(), Contains("expected") && Contains("found"));
  }
}

TEST_CASE("manifest: a record is bound to its file and its place") {
  CrashFileSystem files;
  make_database(files);
  const std::string bytes = manifest_bytes(files);
  const auto offsets = record_offsets(files);
  const std::string_view all = bytes;
  const auto record = [&](std::size_t i) {
    return std::string(all.substr(offsets[i], offsets[i + 1] - offsets[i]));
  };
  replace_manifest(files,
                   std::string(all.substr(0, offsets[1])) + record(2) + record(1) + record(3));
  CHECK(tree_or_error(files) == "corruption");
}

TEST_CASE("manifest: lying lengths are refused before anything is allocated") {
  CrashFileSystem files;
  make_database(files);
  const std::string bytes = manifest_bytes(files);
  std::string payload(5, '\xFF');
  std::string record = encode_record_header(payload, 1, bytes.size());
  // A length of almost 4 GiB with its right check: the record would reach beyond the file.
  const uint32_t huge = 0xFFFFFFF0;
  const uint32_t check = record_length_check(huge, 1, bytes.size());
  record.replace(0, 4, reinterpret_cast<const char*>(&huge), 4);
  record.replace(4, 4, reinterpret_cast<const char*>(&check), 4);
  replace_manifest(files, bytes + record + payload);
  CHECK(tree_or_error(files) == "L0(4:a-c) L0(3:a-c) L0(2:a-c)");
}

TEST_CASE("manifest: an inspection shows what there is up to the damage") {
  CrashFileSystem files;
  make_database(files);
  auto listing = inspect_manifest(files, kManifest);
  REQUIRE(listing);
  CHECK(listing->damage.is_ok());
  CHECK(listing->number == 1);
  CHECK(listing->format_version == 1);
  CHECK(listing->comparator == "kvhost.bytewise");
  REQUIRE(listing->records.size() == 4);
  CHECK_THAT(listing->records[3].fields, Catch::VectorContains(std::string("last_sequence 9")));
  files.flip_bits(kManifest, listing->records[2].offset + 20, 1);
  listing = inspect_manifest(files, kManifest);
  REQUIRE(listing);
  CHECK(listing->records.size() == 2);
  CHECK(listing->damage.code() == StatusCode::CORRUPTION);
  CHECK_FALSE(inspect_manifest(files, kDirectory + "/none"));
}
