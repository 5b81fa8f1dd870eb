#include "session/listings.hpp"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <random>
#include <utility>

#include "command/reading.hpp"
#include "server/info_text.hpp"
#include "wire/glob.hpp"

namespace kvhost::resp {

namespace {

// The smallest key that does not begin with `prefix`; nothing where there is none.
std::optional<std::string> after_prefix(std::string prefix) {
  while (!prefix.empty() && static_cast<unsigned char>(prefix.back()) == 0xff) prefix.pop_back();
  if (prefix.empty()) return std::nullopt;
  prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1);
  return prefix;
}

class KeysListing final : public Listing {
 public:
  KeysListing(uint32_t space, std::string_view pattern) : space_(space), pattern_(pattern) {}

  std::optional<SpaceWalk::Range> next_range() override {
    if (std::exchange(is_begun_, true)) return std::nullopt;
    std::string prefix = glob_prefix(pattern_);
    auto end = after_prefix(prefix);
    return SpaceWalk::Range{space_, std::move(prefix), std::move(end), false};
  }
  bool on_page(const std::vector<SpaceWalk::Row>& rows) override {
    for (const auto& row : rows) {
      if (glob_matches(pattern_, row.key)) found_.push_back(row.key);
    }
    return true;
  }
  void reply(ReplyWriter& reply) override {
    reply.array(found_.size());
    for (const auto& key : found_) reply.bulk(key);
  }

 private:
  const uint32_t space_;
  const std::string pattern_;
  bool is_begun_ = false;
  std::vector<std::string> found_;
};

class CountListing final : public Listing {
 public:
  explicit CountListing(uint32_t space) : space_(space) {}
  std::optional<SpaceWalk::Range> next_range() override {
    if (std::exchange(is_begun_, true)) return std::nullopt;
    return SpaceWalk::Range{space_, {}, std::nullopt, false};
  }
  bool on_page(const std::vector<SpaceWalk::Row>& rows) override {
    count_ += static_cast<int64_t>(rows.size());
    return true;
  }
  void reply(ReplyWriter& reply) override { reply.integer(count_); }

 private:
  const uint32_t space_;
  bool is_begun_ = false;
  int64_t count_ = 0;
};

// Looks at the first and the last key, then at the one that follows a random point between them.
class RandomKeyListing final : public Listing {
 public:
  explicit RandomKeyListing(uint32_t space) : space_(space) {}
  uint64_t page_rows() const override { return 1; }
  std::optional<SpaceWalk::Range> next_range() override {
    switch (step_++) {
      case 0:
        return SpaceWalk::Range{space_, {}, std::nullopt, false};
      case 1:
        if (!found_) return std::nullopt;
        first_ = *found_;
        return SpaceWalk::Range{space_, {}, std::nullopt, true};
      case 2:
        if (*found_ == first_) return std::nullopt;
        return SpaceWalk::Range{space_, point_between(first_, *found_), std::nullopt, false};
      default:
        return std::nullopt;
    }
  }
  bool on_page(const std::vector<SpaceWalk::Row>& rows) override {
    found_ = rows.front().key;
    return false;
  }
  void reply(ReplyWriter& reply) override {
    if (!found_) return reply.null();
    reply.bulk(*found_);
  }

 private:
  static std::string point_between(const std::string& first, const std::string& last) {
    static thread_local std::mt19937_64 random{std::random_device()()};
    const auto differ = std::mismatch(first.begin(), first.end(), last.begin(), last.end());
    const auto shared = static_cast<std::size_t>(differ.first - first.begin());
    std::string point = first.substr(0, shared);
    const unsigned low = shared < first.size() ? static_cast<unsigned char>(first[shared]) : 0;
    const unsigned high = shared < last.size() ? static_cast<unsigned char>(last[shared]) : 255;
    point.push_back(static_cast<char>(low + random() % (high - low + 1)));
    for (int i = 0; i < 8; ++i) point.push_back(static_cast<char>(random() % 256));
    return std::clamp(point, first, last);
  }

  const uint32_t space_;
  int step_ = 0;
  std::string first_;
  std::optional<std::string> found_;
};

struct ScanRequest {
  uint64_t cursor = 0;
  std::string pattern;
  uint64_t count = 10;
  bool matches_type = true;
};

class ScanListing final : public Listing {
 public:
  ScanListing(ScanCursors& cursors, uint32_t space, ScanRequest request)
      : cursors_(cursors), space_(space), request_(std::move(request)) {}

  uint64_t page_rows() const override { return std::min<uint64_t>(request_.count, 10'000) + 1; }
  std::optional<SpaceWalk::Range> next_range() override {
    if (std::exchange(is_begun_, true)) return std::nullopt;
    std::string start;
    if (request_.cursor != 0) {
      // A number that is not known begins anew: every key is still told.
      if (const auto place = cursors_.find(space_, request_.cursor)) start = *place;
    }
    return SpaceWalk::Range{space_, std::move(start), std::nullopt, false};
  }
  bool on_page(const std::vector<SpaceWalk::Row>& rows) override {
    for (const auto& row : rows) {
      if (examined_ == request_.count) {
        next_ = cursors_.keep(space_, row.key);
        return false;
      }
      ++examined_;
      const bool matches = request_.pattern.empty() || glob_matches(request_.pattern, row.key);
      if (matches && request_.matches_type) found_.push_back(row.key);
    }
    return true;
  }
  void reply(ReplyWriter& reply) override {
    reply.array(2);
    reply.bulk(std::to_string(next_));
    reply.array(found_.size());
    for (const auto& key : found_) reply.bulk(key);
  }

 private:
  ScanCursors& cursors_;
  const uint32_t space_;
  const ScanRequest request_;
  bool is_begun_ = false;
  uint64_t examined_ = 0;
  uint64_t next_ = 0;
  std::vector<std::string> found_;
};

class InfoListing final : public Listing {
 public:
  InfoListing(Session& session, Arguments words) : session_(session) {
    for (const auto word : words.subspan(1)) sections_.push_back(lower(word));
    if (!wants_keyspace(sections_)) space_ = kDatabases;
  }
  std::optional<SpaceWalk::Range> next_range() override {
    if (space_ >= kDatabases) return std::nullopt;
    return SpaceWalk::Range{space_++, {}, std::nullopt, false};
  }
  bool on_page(const std::vector<SpaceWalk::Row>& rows) override {
    KeyspaceCount& count = counts_[space_ - 1];
    count.keys += rows.size();
    for (const auto& row : rows) count.ends += row.ends ? 1 : 0;
    return count.keys < kMaxCountedKeys;
  }
  void reply(ReplyWriter& reply) override {
    reply.verbatim(info_text(session_.server(), sections_, counts_));
  }

 private:
  Session& session_;
  std::vector<std::string> sections_;
  uint32_t space_ = 0;
  KeyspaceCounts counts_{};
};

std::optional<ScanRequest> read_scan(Arguments words, ReplyWriter& reply) {
  ScanRequest request;
  const std::string cursor(words[1]);
  char* end = nullptr;
  errno = 0;
  request.cursor = std::strtoull(cursor.c_str(), &end, 10);
  const bool starts_with_space =
      !cursor.empty() && std::isspace(static_cast<unsigned char>(cursor[0])) != 0;
  if (starts_with_space || end != cursor.c_str() + cursor.size() || errno == ERANGE) {
    reply.error("ERR invalid cursor");
    return std::nullopt;
  }
  for (std::size_t i = 2; i < words.size(); i += 2) {
    const bool has_value = i + 1 < words.size();
    if (has_value && is_word(words[i], "count")) {
      Reading reading(reply);
      const auto count = reading.integer(words[i + 1]);
      if (!count) return std::nullopt;
      if (*count < 1) {
        reply.error(kSyntaxError);
        return std::nullopt;
      }
      request.count = static_cast<uint64_t>(*count);
    } else if (has_value && is_word(words[i], "match")) {
      request.pattern = words[i + 1] == "*" ? std::string_view() : words[i + 1];
    } else if (has_value && is_word(words[i], "type")) {
      request.matches_type = is_word(words[i + 1], "string");
    } else {
      reply.error(kSyntaxError);
      return std::nullopt;
    }
  }
  return request;
}

// Walks a listing's ranges one after the other.
class ListingFlight final : public Task {
 public:
  ListingFlight(Session& session, const Command& command, std::unique_ptr<Listing> listing)
      : session_(session),
        listing_(std::move(listing)),
        walk_(session.loop(), session.store_session()),
        protocol_(session.protocol()),
        slot_(session.open_slot(command, {Touch::Kind::kAll, true, 0})) {}

  void start() {
    if (advance()) finish();
  }
  void run() override {
    --session_.loop().in_flight;
    take_page();
    if (advance()) finish();
  }

 private:
  // True at the end; false while a page is being read.
  bool advance() {
    for (;;) {
      if (!failure_.is_ok()) return true;
      if (!walk_.is_open()) {
        const auto range = listing_->next_range();
        if (!range) return true;
        failure_ = walk_.open(*range);
        continue;
      }
      if (!walk_.next(listing_->page_rows(), *this)) return false;
      take_page();
    }
  }
  void take_page() {
    failure_ = walk_.status();
    const bool goes_on =
        failure_.is_ok() && !walk_.rows().empty() && listing_->on_page(walk_.rows());
    if (!goes_on) walk_.close();
  }
  void finish() {
    std::unique_ptr<ListingFlight> self(this);
    std::string text;
    ReplyWriter reply(text, protocol_);
    if (failure_.is_ok()) {
      listing_->reply(reply);
    } else {
      reply.error(failure_);
    }
    walk_.close();
    session_.complete(slot_, text);
  }

  Session& session_;
  std::unique_ptr<Listing> listing_;
  SpaceWalk walk_;
  const int protocol_;
  const uint64_t slot_;
  Status failure_;
};

std::vector<SpaceWalk::Row> rows_in(const KeyView& view, const SpaceWalk::Range& range) {
  std::vector<SpaceWalk::Row> rows;
  for (auto& key : view.keys(range.space)) {
    if (key < range.start || (range.end && key >= *range.end)) continue;
    rows.push_back({std::move(key), false});
  }
  if (range.is_reverse) std::reverse(rows.begin(), rows.end());
  return rows;
}

}  // namespace

std::unique_ptr<Listing> make_listing(Session& session, const Command& command, Arguments words,
                                      uint32_t space, ReplyWriter& reply) {
  if (command.name == "keys") return std::make_unique<KeysListing>(space, words[1]);
  if (command.name == "dbsize") return std::make_unique<CountListing>(space);
  if (command.name == "randomkey") return std::make_unique<RandomKeyListing>(space);
  if (command.name == "info") return std::make_unique<InfoListing>(session, words);
  auto request = read_scan(words, reply);
  if (!request) return nullptr;
  return std::make_unique<ScanListing>(session.server().cursors, space, std::move(*request));
}

void start_listing(Session& session, const Command& command, Arguments words) {
  std::string complaint;
  ReplyWriter reply(complaint, session.protocol());
  auto listing = make_listing(session, command, words, session.database(), reply);
  if (!listing) return session.answer(command, complaint);
  (new ListingFlight(session, command, std::move(listing)))->start();
}

void note_listed_spaces(const Command& command, uint32_t space, std::set<uint32_t>& spaces) {
  if (command.name != "info") {
    spaces.insert(space);
    return;
  }
  for (uint32_t each = 0; each < kDatabases; ++each) spaces.insert(each);
}

void reply_from_view(Session& session, const Command& command, Arguments words, const KeyView& view,
                     ReplyWriter& reply) {
  const auto listing = make_listing(session, command, words, view.space(), reply);
  if (!listing) return;
  while (const auto range = listing->next_range()) {
    auto rows = rows_in(view, *range);
    while (!rows.empty()) {
      const auto page = std::min<std::size_t>(rows.size(), listing->page_rows());
      const std::vector<SpaceWalk::Row> shown(rows.begin(),
                                              rows.begin() + static_cast<std::ptrdiff_t>(page));
      if (!listing->on_page(shown)) break;
      rows.erase(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(page));
    }
  }
  listing->reply(reply);
}

}  // namespace kvhost::resp
