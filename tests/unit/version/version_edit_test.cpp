#include "version/version_edit.hpp"

#include <catch2/catch.hpp>

#include "base/coding.hpp"
#include "version_story.hpp"

using namespace kvhost;
using namespace kvhost::engine;
using namespace kvhost::engine::test;

namespace {

VersionEdit full_of_everything() {
  VersionEdit edit;
  edit.next_file_number = 12;
  edit.next_run_id = 5;
  edit.last_sequence = 1000;
  edit.reserved_sequence = 5000;
  edit.log_start = LogPosition{3, 4096};
  edit.log_durable = LogPosition{3, 8192};
  edit.log_time_ms = 1700000000123;
  edit.replication = ReplicationPosition{"raft", 77, 3, 912};
  edit.policy_name = "tiered";
  edit.policy_state = std::string("\0\xFFstate", 7);
  edit.removed_files = {4, 9};
  edit.new_runs = {{4, 2, NewRun::kBack}, {3, 1, 4}, {2, 0, NewRun::kFront}};
  FileMetadata file = metadata_of(11, "a", "q");
  file.range.largest_is_exclusive = true;
  file.ttl_entries = 4;
  file.min_expires_at_ms = 10;
  file.max_expires_at_ms = 20;
  file.range_deletes = 2;
  file.codec = engine::Codec::kZstd;
  edit.added_files = {{2, file}, {4, metadata_of(10, "", "")}};
  return edit;
}

}  // namespace

TEST_CASE("version edits: every field survives the way to disk and back") {
  const VersionEdit edit = full_of_everything();
  const auto back = VersionEdit::decode(edit.encode());
  REQUIRE(back);
  CHECK(back->encode() == edit.encode());
  CHECK(back->describe() == edit.describe());
  CHECK(back->added_files[0].metadata == edit.added_files[0].metadata);
  CHECK(back->added_files[1].metadata == edit.added_files[1].metadata);
  CHECK(back->policy_state == edit.policy_state);
  CHECK(back->replication->index == 912);
  CHECK(back->log_durable == edit.log_durable);
}

TEST_CASE("version edits: bytes cut anywhere are refused or end between fields") {
  const std::string bytes = full_of_everything().encode();
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    const auto cut = VersionEdit::decode(bytes.substr(0, length));
    if (cut) {
      CHECK(bytes.starts_with(cut->encode()));
    } else {
      CHECK(cut.error().code() == StatusCode::CORRUPTION);
    }
  }
}

TEST_CASE("version edits: a field of a later program is skipped only where that is harmless") {
  std::string bytes = full_of_everything().encode();
  std::string harmless = bytes;
  append_varint64(harmless, 128);
  append_length_prefixed(harmless, "for later");
  REQUIRE(VersionEdit::decode(harmless));
  append_varint64(bytes, 99);
  append_length_prefixed(bytes, "for later");
  const auto refused = VersionEdit::decode(bytes);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code() == StatusCode::FORMAT_UNSUPPORTED);
}

TEST_CASE("version edits: figures that contradict each other are damage") {
  const auto code_of = [](void (*spoil)(FileMetadata&)) {
    VersionEdit edit;
    FileMetadata file = metadata_of(3, "b", "d");
    spoil(file);
    edit.added_files = {{1, file}};
    const auto decoded = VersionEdit::decode(edit.encode());
    return decoded ? StatusCode::OK : decoded.error().code();
  };
  CHECK(code_of([](FileMetadata&) {}) == StatusCode::OK);
  CHECK(code_of([](FileMetadata& f) { f.number = 0; }) == StatusCode::CORRUPTION);
  CHECK(code_of([](FileMetadata& f) { f.range.largest = "a"; }) == StatusCode::CORRUPTION);
  CHECK(code_of([](FileMetadata& f) { f.entries = 0; }) == StatusCode::CORRUPTION);
  CHECK(code_of([](FileMetadata& f) { f.tombstones = 11; }) == StatusCode::CORRUPTION);
  CHECK(code_of([](FileMetadata& f) { f.max_sequence = 0; }) == StatusCode::CORRUPTION);
  CHECK(code_of([](FileMetadata& f) { f.max_sequence = kMaxSequence + 1; }) ==
        StatusCode::CORRUPTION);
  CHECK(code_of([](FileMetadata& f) { f.min_expires_at_ms = 1; }) == StatusCode::CORRUPTION);
  CHECK(code_of([](FileMetadata& f) { f.codec = static_cast<engine::Codec>(9); }) ==
        StatusCode::FORMAT_UNSUPPORTED);
}

TEST_CASE("version edits: oversize texts and levels are refused") {
  VersionEdit state;
  state.policy_state = std::string(kMaxPolicyState + 1, 's');
  CHECK_FALSE(VersionEdit::decode(state.encode()));
  VersionEdit level;
  level.new_runs = {{1, kMaxLevel + 1, NewRun::kFront}};
  CHECK_FALSE(VersionEdit::decode(level.encode()));
}

TEST_CASE("version state: numbers and times never go back") {
  VersionState state;
  VersionEdit edit;
  edit.last_sequence = 100;
  edit.log_time_ms = 50;
  edit.log_start = LogPosition{4, 10};
  state.apply(edit);
  edit.last_sequence = 90;
  edit.log_time_ms = 40;
  edit.log_start = LogPosition{3, 999};
  state.apply(edit);
  CHECK(state.last_sequence == 100);
  CHECK(state.reserved_sequence == 100);
  edit.reserved_sequence = 700;
  state.apply(edit);
  CHECK(state.reserved_sequence == 700);
  edit.reserved_sequence = 20;
  state.apply(edit);
  CHECK(state.reserved_sequence == 100);
  CHECK(state.log_time_ms == 50);
  CHECK(state.log_start == LogPosition{4, 10});
}
