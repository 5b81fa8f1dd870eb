// The bytes of a small MANIFEST, explained, as docs/formats/manifest.md shows them, and the fuzz
// target's corpus as an ordinary test. A change here is a change of the format.
#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>

#include "base/coding.hpp"
#include "base/random.hpp"
#include "support/golden_file.hpp"
#include "support/places.hpp"
#include "unit/sstable/hex_dump.hpp"
#include "version/manifest_format.hpp"
#include "version_story.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

using namespace kvhost;
using namespace kvhost::engine;
using namespace kvhost::engine::test;
using kvhost::testing::golden_text;
using kvhost::testing::is_rewriting;

namespace {

VersionEdit first_edit() {
  VersionEdit edit;
  edit.next_file_number = 4;
  edit.next_run_id = 2;
  edit.last_sequence = 45;
  edit.reserved_sequence = 1000;
  edit.log_start = LogPosition{2, 4096};
  edit.log_durable = LogPosition{2, 8192};
  edit.log_time_ms = 1700000000000;
  edit.replication = ReplicationPosition{"raft", 7, 3, 912};
  edit.policy_name = "leveled";
  edit.policy_state = "";
  FileMetadata file = metadata_of(3, std::string("\0alice", 6), std::string("\0carol", 6), 659);
  file.range.largest_is_exclusive = true;
  file.range_deletes = 1;
  file.ttl_entries = 2;
  file.min_expires_at_ms = 1700000001000;
  file.max_expires_at_ms = 1700000009000;
  file.codec = engine::Codec::kLz4;
  edit.add_level0_run(1, file);
  return edit;
}

VersionEdit second_edit() {
  VersionEdit edit;
  edit.removed_files = {3};
  edit.new_runs = {{2, 6, NewRun::kBack}};
  edit.added_files = {{2, metadata_of(4, std::string("\0alice", 6), std::string("\0bob", 4), 400)}};
  return edit;
}

std::string file_of(const std::vector<VersionEdit>& edits) {
  std::string bytes = encode_manifest_header(1);
  for (const VersionEdit& edit : edits) {
    const std::string payload = edit.encode();
    bytes += encode_record_header(payload, 1, bytes.size()) + payload;
  }
  return bytes;
}

void dump_record(HexDump& dump, const std::string& title, const VersionEdit& edit) {
  const std::string payload = edit.encode();
  dump.title(title);
  dump.field(4, "length of the payload: " + std::to_string(payload.size()));
  dump.field(4, "check of the length");
  dump.field(8, "checksum of the payload");
  std::vector<std::string> notes = edit.describe();
  Decoder in(payload);
  for (const std::string& note : notes) {
    const std::size_t begin = in.position();
    const uint64_t field = in.varint64();
    in.length_prefixed();
    dump.field(in.position() - begin, "field " + std::to_string(field) + ": " + note);
  }
  REQUIRE(in.finished());
}

std::string golden_dump() {
  const std::string bytes = file_of({first_edit(), second_edit()});
  HexDump dump(bytes);
  dump.title("header");
  dump.field(8, "magic: kvhmanif");
  dump.field(4, "format version: 1");
  dump.field(4, "bytes of the key order's name: 15");
  dump.field(8, "number of this MANIFEST: 1");
  dump.field(15, "the key order: kvhost.bytewise");
  dump.field(8, "checksum of the bytes before");
  dump_record(dump, "record", first_edit());
  dump_record(dump, "record", second_edit());
  REQUIRE(dump.at() == bytes.size());
  return dump.text();
}

void feed(const std::string& input) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(input.data()), input.size());
}

}  // namespace

TEST_CASE("the bytes of a MANIFEST are those that the format page explains") {
  const std::string dump = golden_dump();
  INFO("rewrite with: KVHOST_REWRITE=1 test_version");
  CHECK(golden_text("tests/data/version/manifest.txt", dump) == dump);

  const std::string path = kvhost::testing::source_dir() + "/docs/formats/manifest.md";
  std::ifstream stream(path, std::ios::binary);
  std::stringstream text;
  text << stream.rdbuf();
  std::string page = text.str();
  const std::string open = "```hexdump\n";
  REQUIRE(page.find(open) != std::string::npos);
  const std::size_t from = page.find(open) + open.size();
  const std::size_t end = page.find("```", from);
  REQUIRE(end != std::string::npos);
  if (is_rewriting()) {
    page.replace(from, end - from, dump.substr(1));
    std::ofstream(path, std::ios::binary) << page;
  } else {
    CHECK(page.substr(from, end - from) == dump.substr(1));
  }
}

TEST_CASE("a MANIFEST of format version 1 is read for ever") {
  const std::string path = kvhost::testing::test_data() + "/version/v1.manifest";
  const std::string bytes = file_of({first_edit(), second_edit()});
  if (is_rewriting() && !std::ifstream(path)) std::ofstream(path, std::ios::binary) << bytes;
  std::ifstream stream(path, std::ios::binary);
  std::stringstream kept;
  kept << stream.rdbuf();
  kvhost::engine::testing::CrashFileSystem files;
  REQUIRE(files.create_directories(kDirectory + "/tables").is_ok());
  REQUIRE(write_fake_table(files, metadata_of(4, "", "", 400)).is_ok());
  for (const auto& [name, content] : {std::pair{current_path(kDirectory), manifest_name(1) + "\n"},
                                      std::pair{manifest_path(kDirectory, 1), kept.str()}}) {
    const auto file = files.create(name);
    REQUIRE(file);
    REQUIRE((*file)->append(content).is_ok());
    REQUIRE((*file)->close().is_ok());
  }
  const auto set = open_set(files);
  INFO((set ? std::string("opened") : set.error().to_string()));
  REQUIRE(set);
  const VersionState state = (*set)->state();
  CHECK(state.last_sequence == 45);
  CHECK(state.reserved_sequence == 1000);
  CHECK(state.log_start == LogPosition{2, 4096});
  CHECK(state.replication.index == 912);
  CHECK(state.policy_name == "leveled");
  REQUIRE((*set)->current()->runs().size() == 1);
  CHECK((*set)->current()->runs()[0]->level() == 6);
  CHECK((*set)->current()->runs()[0]->files()[0]->metadata() ==
        second_edit().added_files[0].metadata);
}

TEST_CASE("bytes changed at random do no harm to the reader of a MANIFEST") {
  const uint64_t seed = random_seed();
  INFO("seed " << seed);
  Random random(seed);
  const std::string file = file_of({first_edit(), second_edit()});
  const std::string records = file.substr(encode_manifest_header(1).size());
  for (const std::string& good : {std::string(1, '\0') + file, "\1" + records,
                                  "\2" + first_edit().encode(), "\2" + second_edit().encode()}) {
    feed(good);
    for (int i = 0; i < 400; ++i) {
      std::string bad = good;
      for (uint64_t changes = 1 + random.below(4); changes > 0 && bad.size() > 4; --changes) {
        const std::size_t at = 1 + random.below(bad.size() - 1);
        const uint64_t kind = random.below(4);
        if (kind == 0) bad[at] = static_cast<char>(random.next());
        if (kind == 1) bad[at] = static_cast<char>(random.one_in(2) ? 0xFF : 0);
        if (kind == 2) bad.erase(at, 1 + random.below(3));
        if (kind == 3) bad.insert(at, 1, static_cast<char>(random.next()));
      }
      feed(bad);
    }
  }
}
