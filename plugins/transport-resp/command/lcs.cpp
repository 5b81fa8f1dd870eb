// LCS: the longest common subsequence of two values.
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "command/handlers.hpp"
#include "command/reading.hpp"

namespace kvhost::resp {

namespace {

struct LcsOptions {
  bool wants_length = false;
  bool wants_indexes = false;
  bool wants_match_lengths = false;
  int64_t min_match = 0;
};

bool read_options(Arguments words, LcsOptions& options, ReplyWriter& reply) {
  Reading reading(reply);
  for (std::size_t i = 3; i < words.size(); ++i) {
    if (is_word(words[i], "idx")) {
      options.wants_indexes = true;
    } else if (is_word(words[i], "len")) {
      options.wants_length = true;
    } else if (is_word(words[i], "withmatchlen")) {
      options.wants_match_lengths = true;
    } else if (is_word(words[i], "minmatchlen") && i + 1 < words.size()) {
      const auto number = reading.integer(words[++i]);
      if (!number) return false;
      options.min_match = std::max<int64_t>(0, *number);
    } else {
      reply.error(kSyntaxError);
      return false;
    }
  }
  if (!options.wants_indexes || !options.wants_length) return true;
  reply.error("ERR If you want both the length and indexes, please just use IDX.");
  return false;
}

// Lengths of the longest common subsequence of every pair of prefixes.
class LengthTable {
 public:
  LengthTable(std::string_view a, std::string_view b)
      : width_(b.size() + 1), cells_((a.size() + 1) * width_) {
    for (std::size_t i = 1; i <= a.size(); ++i) {
      for (std::size_t j = 1; j <= b.size(); ++j) {
        cells_[i * width_ + j] =
            a[i - 1] == b[j - 1] ? at(i - 1, j - 1) + 1 : std::max(at(i - 1, j), at(i, j - 1));
      }
    }
  }
  uint32_t at(std::size_t i, std::size_t j) const { return cells_[i * width_ + j]; }

 private:
  std::size_t width_;
  std::vector<uint32_t> cells_;
};

// A run of equal bytes in both texts.
struct Match {
  std::size_t a_start;
  std::size_t b_start;
  std::size_t length;
};

struct Found {
  std::string text;
  std::vector<Match> matches;  // from the last to the first
};

Found walk_back(std::string_view a, std::string_view b, const LengthTable& lengths) {
  Found found;
  bool in_run = false;
  std::size_t i = a.size();
  std::size_t j = b.size();
  while (i > 0 && j > 0) {
    if (a[i - 1] == b[j - 1]) {
      found.text.push_back(a[i - 1]);
      if (!in_run) found.matches.push_back({i, j, 0});
      in_run = true;
      Match& run = found.matches.back();
      --run.a_start;
      --run.b_start;
      ++run.length;
      --i;
      --j;
    } else {
      in_run = false;
      if (lengths.at(i - 1, j) > lengths.at(i, j - 1)) {
        --i;
      } else {
        --j;
      }
    }
  }
  std::reverse(found.text.begin(), found.text.end());
  return found;
}

void reply_indexes(const Found& found, const LcsOptions& options, uint32_t total,
                   ReplyWriter& reply) {
  const auto shown = [&](const Match& match) {
    return static_cast<int64_t>(match.length) >= options.min_match;
  };
  reply.map(2);
  reply.bulk("matches");
  reply.array(
      static_cast<std::size_t>(std::count_if(found.matches.begin(), found.matches.end(), shown)));
  for (const Match& match : found.matches) {
    if (!shown(match)) continue;
    reply.array(options.wants_match_lengths ? 3 : 2);
    for (const std::size_t start : {match.a_start, match.b_start}) {
      reply.array(2);
      reply.integer(static_cast<int64_t>(start));
      reply.integer(static_cast<int64_t>(start + match.length - 1));
    }
    if (options.wants_match_lengths) reply.integer(static_cast<int64_t>(match.length));
  }
  reply.bulk("len");
  reply.integer(total);
}

}  // namespace

void run_lcs(Arguments words, KeyView& view, ReplyWriter& reply) {
  LcsOptions options;
  if (!read_options(words, options, reply)) return;
  const Record* const first = view.find(words[1]);
  const Record* const second = view.find(words[2]);
  const std::string_view a = first == nullptr ? std::string_view() : first->value;
  const std::string_view b = second == nullptr ? std::string_view() : second->value;
  if ((a.size() + 1) > view.max_value_bytes() / sizeof(uint32_t) / (b.size() + 1)) {
    return reply.error(
        "ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len");
  }
  const LengthTable lengths(a, b);
  const uint32_t total = lengths.at(a.size(), b.size());
  if (options.wants_length) return reply.integer(total);
  const Found found = walk_back(a, b, lengths);
  if (options.wants_indexes) return reply_indexes(found, options, total, reply);
  reply.bulk(found.text);
}

}  // namespace kvhost::resp
