// The bytes of docs/formats/batch.md, and what malformed ones are answered.
#include <catch2/catch.hpp>

#include "base/random.hpp"
#include "engine/batch_resolver.hpp"
#include "engine/pending_effects.hpp"
#include "format/log_batch.hpp"
#include "kvhost/engine/write_batch.hpp"

using namespace kvhost;          // NOLINT(*-build-using-namespace)
using namespace kvhost::engine;  // NOLINT(*-build-using-namespace)

namespace {

std::string hex(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const char one : bytes) {
    const auto byte = static_cast<uint8_t>(one);
    if (!text.empty()) text += ' ';
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

WriteBatch everything() {
  WriteBatch batch;
  batch.require_absent(1, "a");
  batch.require_present(0, "b");
  batch.require_version(300, "c", 77);
  batch.require_value(0, "d", "value");
  batch.put(0, "e", "one");
  batch.put(7, std::string(300, 'f'), "", Expiry::at_ms(123456789), kWantExisted);
  batch.put(0, "g", "three", Expiry::keep_old());
  batch.erase(0, "h", kWantExisted);
  batch.erase_range(UINT32_MAX, "i", "j");
  batch.erase_range(0, "", std::nullopt);
  batch.increment(0, "k", INT64_MIN);
  batch.put(0, "l", "answers", {}, kAppendAnswers);
  return batch;
}

// The state that a resolver meets in these tests: nothing at all.
class EmptyState final : public LatestReader {
 public:
  Result<Latest> latest(std::string_view, uint64_t, bool) override { return Latest{}; }
};

}  // namespace

TEST_CASE("a write batch lies as its page says") {
  WriteBatch batch;
  batch.require_absent(0, "k");
  batch.put(0, "k", "v", Expiry::after_ms(60'000));
  CHECK(hex(batch.bytes()) ==
        "01 01 00 00 00 01 00 00 00 41 00 01 6b 01 00 01 6b 00 01 e0 d4 03 01 76");

  EmptyState state;
  BatchResolver resolver(state, {});
  resolver.begin_group(7);
  resolver.expect(batch.bytes());
  REQUIRE(resolver.resolve(batch.bytes(), 1000).has_value());
  REQUIRE(resolver.payloads().size() == 1);
  CHECK(hex(resolver.payloads()[0]) ==
        "01 07 00 00 00 00 00 00 00 e8 03 00 00 00 00 00 00 01 00 00 00 03 02 00 6b c8 dc 03 01 "
        "76");
}

TEST_CASE("a put with the answers of its batch lies as its page says") {
  WriteBatch batch;
  batch.increment(0, "n", 5);
  batch.put(0, "r", "!", {}, kAppendAnswers);
  CHECK(hex(batch.bytes()) == "02 02 00 00 00 00 00 00 00 04 00 01 6e 0a 01 00 01 72 02 00 01 21");
  CHECK(WriteBatch::parse(batch.bytes()).has_value());

  EmptyState state;
  BatchResolver resolver(state, {});
  resolver.begin_group(7);
  resolver.expect(batch.bytes());
  REQUIRE(resolver.resolve(batch.bytes(), 1000).has_value());
  CHECK(hex(resolver.payloads()[0]) ==
        "01 07 00 00 00 00 00 00 00 e8 03 00 00 00 00 00 00 02 00 00 00 01 02 00 6e 01 35 01 02 00 "
        "72 0a 21 00 05 00 00 00 00 00 00 00");
}

TEST_CASE("answers go into one put, the last operation, of a batch that says so") {
  WriteBatch twice;
  twice.put(0, "a", "", {}, kAppendAnswers);
  twice.put(0, "b", "", {}, kAppendAnswers);
  CHECK(WriteBatch::parse(twice.bytes()).error().code() == StatusCode::CORRUPTION);
  WriteBatch early;
  early.put(0, "a", "", {}, kAppendAnswers);
  early.increment(0, "n", 1);
  CHECK(WriteBatch::parse(early.bytes()).error().code() == StatusCode::CORRUPTION);
  early.clear();
  early.put(0, "a", "", {}, kAppendAnswers);
  std::string old_version(early.bytes());
  old_version[0] = 1;
  CHECK(WriteBatch::parse(old_version).error().code() == StatusCode::CORRUPTION);
  WriteBatch deletes;
  deletes.erase(0, "a", kAppendAnswers);
  CHECK(WriteBatch::parse(deletes.bytes()).error().code() == StatusCode::CORRUPTION);
}

TEST_CASE("a value that its answers make too large is refused") {
  EmptyState state;
  BatchResolver resolver(state, {UINT64_MAX, 17, UINT64_MAX});
  WriteBatch batch;
  batch.increment(0, "n", 5);
  batch.increment(0, "m", 5);
  batch.put(0, "r", "", {}, kAppendAnswers);
  resolver.begin_group(1);
  resolver.expect(batch.bytes());
  CHECK(resolver.resolve(batch.bytes(), 1).error().code() == StatusCode::TOO_LARGE);
  CHECK(resolver.payloads().empty());
}

TEST_CASE("what was put into a batch is read back in order") {
  const WriteBatch batch = everything();
  CHECK(batch.op_count() == 8);
  CHECK(batch.condition_count() == 4);
  const auto parsed = WriteBatch::parse(batch.bytes());
  REQUIRE(parsed.has_value());
  CHECK(parsed->bytes() == batch.bytes());
  WriteBatch::Reader reader = batch.reader();
  REQUIRE(*reader.next());
  CHECK(reader.condition()->type == ConditionType::kAbsent);
  CHECK(reader.condition()->space == 1);
  REQUIRE(*reader.next());
  REQUIRE(*reader.next());
  CHECK(reader.condition()->version == 77);
  REQUIRE(*reader.next());
  CHECK(reader.condition()->value == "value");
  REQUIRE(*reader.next());
  CHECK(reader.op()->value == "one");
  REQUIRE(*reader.next());
  CHECK(reader.op()->expiry.value_ms == 123456789);
  CHECK(reader.op()->flags == kWantExisted);
  REQUIRE(*reader.next());
  CHECK(reader.op()->expiry.kind == Expiry::Kind::kKeepOld);
  REQUIRE(*reader.next());
  REQUIRE(*reader.next());
  CHECK(reader.op()->value == "j");
  CHECK(reader.op()->space == UINT32_MAX);
  REQUIRE(*reader.next());
  CHECK_FALSE(reader.op()->has_end);
  REQUIRE(*reader.next());
  CHECK(reader.op()->by == INT64_MIN);
  REQUIRE(*reader.next());
  CHECK(reader.op()->flags == kAppendAnswers);
  CHECK_FALSE(*reader.next());
  CHECK_FALSE(reader.op().has_value());
}

TEST_CASE("a cleared batch is empty and may be used again") {
  WriteBatch batch = everything();
  batch.clear();
  CHECK(batch.empty());
  CHECK(batch.bytes() == WriteBatch().bytes());
}

TEST_CASE("a batch cut anywhere is refused") {
  const std::string whole(everything().bytes());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto parsed = WriteBatch::parse(std::string_view(whole).substr(0, size));
    REQUIRE_FALSE(parsed.has_value());
    CHECK(parsed.error().code() == StatusCode::CORRUPTION);
    CHECK(parsed.error().message().find("offset") != std::string::npos);
  }
  CHECK_FALSE(WriteBatch::parse(whole + "x").has_value());
}

TEST_CASE("a newer format version is told as such") {
  std::string bytes(everything().bytes());
  bytes[0] = 3;
  CHECK(WriteBatch::parse(bytes).error().code() == StatusCode::FORMAT_UNSUPPORTED);
}

TEST_CASE("random damage is refused or read as another batch, never worse") {
  Random random(42);
  EmptyState state;
  const std::string whole(everything().bytes());
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = whole;
    for (uint64_t i = 1 + random.below(4); i > 0; --i) {
      bytes[random.below(bytes.size())] = static_cast<char>(random.next());
    }
    static_cast<void>(WriteBatch::parse(bytes).has_value());
    BatchResolver resolver(state, {});
    resolver.begin_group(1);
    resolver.expect(bytes);
    static_cast<void>(resolver.resolve(bytes, 5).has_value());
    LogBatchDecoder decoder(bytes);
    while (decoder.next()) {
    }
    static_cast<void>(decoder.status().is_ok());
  }
}

TEST_CASE("a resolved batch gives its effects back, and is refused when cut") {
  std::string payload;
  LogBatchEncoder encoder(payload);
  encoder.begin();
  encoder.put(0, "a", "1", 0);
  encoder.put(1, "b", "2", 99);
  encoder.erase(500, "c");
  encoder.erase_range("x", "y");
  encoder.nothing();
  encoder.finish(1000, 55);
  LogBatchDecoder decoder(payload);
  CHECK(decoder.header().first_sequence == 1000);
  CHECK(decoder.header().now_ms == 55);
  CHECK(decoder.header().effects == 5);
  CHECK(decoder.next()->type == EffectType::kPut);
  const auto expiring = decoder.next();
  CHECK(expiring->expires_at_ms == 99);
  CHECK(expiring->key == std::string("\1b", 2));
  CHECK(decoder.next()->key.size() == 6);
  CHECK(decoder.next()->value == "y");
  CHECK(decoder.next()->type == EffectType::kNothing);
  CHECK_FALSE(decoder.next().has_value());
  CHECK(decoder.status().is_ok());
  for (std::size_t size = 0; size < payload.size(); ++size) {
    LogBatchDecoder cut(std::string_view(payload).substr(0, size));
    while (cut.next()) {
    }
    CHECK(cut.status().code() == StatusCode::CORRUPTION);
  }
}

TEST_CASE("a batch that fails leaves nothing for those after it in the group") {
  EmptyState state;
  BatchResolver resolver(state, {});
  WriteBatch failing;
  failing.put(0, "n", "no number");
  failing.increment(0, "n", 1);
  WriteBatch judging;
  judging.require_absent(0, "n");
  judging.put(0, "n", "1");
  resolver.begin_group(1);
  resolver.expect(failing.bytes());
  resolver.expect(judging.bytes());
  CHECK(resolver.resolve(failing.bytes(), 1)->outcome.code() == StatusCode::NOT_A_NUMBER);
  CHECK(resolver.next_sequence() == 1);
  CHECK(resolver.resolve(judging.bytes(), 1)->outcome.is_ok());
  CHECK(resolver.payloads().size() == 1);
}
