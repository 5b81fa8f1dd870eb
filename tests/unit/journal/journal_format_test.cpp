// The bytes on disk: what docs/formats/journal.md says is what the code writes, and bad bytes are
// refused.
#include "journal/journal_format.hpp"

#include <catch2/catch.hpp>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "file/whole_file.hpp"
#include "journal_world.hpp"
#include "log/log_recovery.hpp"
#include "support/golden_file.hpp"
#include "support/places.hpp"

namespace kvhost::engine::testing {
namespace {

using Catch::Matchers::Contains;

// Lines of: offset, bytes, meaning.
class Dump {
 public:
  void take(const std::string& bytes) {
    bytes_ = bytes;
    at_ = 0;
  }
  void field(std::size_t size, const std::string& meaning) {
    std::string hex;
    for (std::size_t i = 0; i < size; ++i) {
      char pair[4];
      std::snprintf(pair, sizeof pair, "%02x ", static_cast<unsigned char>(bytes_.at(at_ + i)));
      hex += pair;
    }
    for (std::size_t shown = 0; shown < hex.size(); shown += 48) {
      char label[16];
      std::snprintf(label, sizeof label, "%06zx  ", at_ + shown / 3);
      std::string line = hex.substr(shown, 48);
      if (shown == 0) {
        line.resize(50, ' ');
        line += meaning;
      }
      while (line.ends_with(' ')) line.pop_back();
      text_ += label + line + "\n";
    }
    at_ += size;
  }
  void blank() { text_ += "\n"; }
  bool is_at_end() const { return at_ == bytes_.size(); }
  const std::string& text() const { return text_; }

 private:
  std::string bytes_;
  std::size_t at_ = 0;
  std::string text_;
};

std::string annotated_journal() {
  JournalWorld world;
  world.open();
  world.append(1, 2, 7, 0);
  REQUIRE(world.journal->truncate_after(1).is_ok());
  world.append(2, 2, 8, 0);
  REQUIRE(world.journal->put_meta("epoch", "8").is_ok());
  REQUIRE(world.journal->close().is_ok());
  world.journal.reset();

  Dump dump;
  const auto record = [&](std::string_view payload, LogPosition) {
    dump.take(std::string(payload));
    const bool is_entry = payload[0] == 1;
    dump.field(1, is_entry ? "entry" : "cut");
    dump.field(8, "  index");
    if (is_entry) {
      dump.field(8, "  term");
      dump.field(payload.size() - 17, "  payload");
    }
    REQUIRE(dump.is_at_end());
    return Status::ok();
  };
  REQUIRE(recover_log(world.files, "/data/journals/log", {}, record).has_value());
  dump.blank();
  dump.take(read_whole_file(world.files, "/data/journals/log/META", 4096).value());
  dump.field(8, "magic KVHOSTJM");
  dump.field(4, "format version");
  dump.field(4, "count of values");
  dump.field(8, "first");
  dump.field(8, "reading begins: segment");
  dump.field(8, "                offset");
  dump.field(1, "length of the name");
  dump.field(5, "  name");
  dump.field(1, "length of the value");
  dump.field(1, "  value");
  dump.field(8, "checksum, XXH3-64 of the bytes before");
  REQUIRE(dump.is_at_end());
  return dump.text();
}

}  // namespace

TEST_CASE("docs/formats/journal.md shows what the code writes (KVHOST_REWRITE=1 makes it anew)") {
  const std::string dump = annotated_journal();
  const std::string page = kvhost::testing::golden_text("tests/data/journal/annotated.txt", dump);
  CHECK(page == dump);
  std::ifstream stream(kvhost::testing::source_dir() + "/docs/formats/journal.md",
                       std::ios::binary);
  std::stringstream text;
  text << stream.rdbuf();
  CHECK_THAT(text.str(), Contains(dump));
}

TEST_CASE("records come back as they were written") {
  for (const auto type :
       {JournalRecordType::kEntry, JournalRecordType::kStart, JournalRecordType::kCut}) {
    std::string bytes;
    const bool is_entry = type == JournalRecordType::kEntry;
    append_journal_record(bytes, {type, 77, is_entry ? 5u : 0u, is_entry ? "words" : ""});
    const auto record = decode_journal_record(bytes);
    REQUIRE(record.has_value());
    CHECK(record->type == type);
    CHECK(record->index == 77);
    CHECK(record->payload == (is_entry ? "words" : ""));
  }
}

TEST_CASE("bytes that are no record are refused with what was expected") {
  CHECK_THAT(decode_journal_record("").error().message(), Contains("at least 9 bytes, found 0"));
  CHECK_THAT(decode_journal_record(std::string(9, '\x01')).error().message(),
             Contains("at least 17 bytes, found 9"));
  CHECK_THAT(decode_journal_record(std::string(9, '\x09')).error().message(),
             Contains("expected type 1, 2 or 3, found 9"));
  CHECK_THAT(decode_journal_record(std::string(10, '\x02')).error().message(),
             Contains("expected 9 bytes, found 10"));
}

TEST_CASE("a META comes back as it was written, and every changed or missing byte is found") {
  JournalMeta meta;
  meta.first = 9;
  meta.start = {3, 4096};
  meta.values = {{"epoch", "12"}, {"vote", std::string("\0x", 2)}};
  const std::string bytes = encode_journal_meta(meta);
  const auto back = decode_journal_meta(bytes);
  REQUIRE(back.has_value());
  CHECK(back->first == 9);
  CHECK(back->start == meta.start);
  CHECK(back->values == meta.values);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::string changed = bytes;
    changed[i] = static_cast<char>(changed[i] ^ 0x20);
    INFO("byte " << i);
    CHECK_FALSE(decode_journal_meta(changed).has_value());
    CHECK_FALSE(decode_journal_meta(bytes.substr(0, i)).has_value());
  }
}

}  // namespace kvhost::engine::testing
