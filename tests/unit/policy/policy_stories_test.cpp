// tests/data/policy/POLICY_*.txt: trees, and what the policy of that name makes of them. Rewritten
// with KVHOST_REWRITE=1, reviewed as a diff.
//
//   options level0_trigger=2 …     of the policy, in force until changed
//   tree workers=2 now=100         begins a new tree; idle workers, log time
//   run 7 level 0                  the next newest run, followed by its files:
//     1 a..m 100 busy tombstones=3 expires=10..20 ttl=50 created=5
//   snapshots 5 9
//   plan [manual START END] · pressure
//   refused                        job_done() tells that live data may not be dropped
//   ----                           the answer, up to an empty line
#include <catch2/catch.hpp>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "policies.hpp"
#include "policy_tree.hpp"
#include "support/golden_file.hpp"
#include "support/places.hpp"

using namespace kvhost;
using namespace kvhost::engine::test;

namespace {

uint64_t number(const std::string& text) {
  uint64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size()) {
    FAIL("no number: " << text);
  }
  return value;
}

std::pair<std::string, std::string> split(const std::string& text, const std::string& at) {
  const std::size_t place = text.find(at);
  if (place == std::string::npos) return {text, ""};
  return {text.substr(0, place), text.substr(place + at.size())};
}

std::string job_text(const Job& job) {
  std::string text;
  switch (job.type) {
    case JobType::kMerge:
      text = "merge";
      break;
    case JobType::kMove:
      text = "move";
      break;
    case JobType::kDropExpired:
      text = "drop-expired";
      break;
    case JobType::kDropOldestLossy:
      text = "drop-oldest";
      break;
    default:
      text = "other";
  }
  for (const uint64_t input : job.inputs) text += " " + std::to_string(input);
  if (job.type == JobType::kMerge || job.type == JobType::kMove) {
    text += " -> level " + std::to_string(job.target_level) +
            (job.target_run == 0 ? ", new run" : ", run " + std::to_string(job.target_run));
  }
  return text + " (" + job.reason + ")";
}

class Story {
 public:
  explicit Story(std::string policy) : name_(std::move(policy)), policy_(make_policy(name_, {})) {}

  std::string play(const std::string& text) {
    std::istringstream lines(text);
    std::string line;
    std::string out;
    while (std::getline(lines, line)) {
      out += line + "\n";
      if (line.empty() || line[0] == '#') continue;
      const std::string answer = command(line);
      if (answer.empty()) continue;
      // What stood there before is replaced.
      while (std::getline(lines, line) && !line.empty()) continue;
      out += "----\n" + answer + "\n";
    }
    return out;
  }

 private:
  std::string command(const std::string& line) {
    std::istringstream words(line);
    std::string word;
    words >> word;
    std::vector<std::string> rest;
    for (std::string one; words >> one;) rest.push_back(one);
    if (word == "options") {
      for (const std::string& one : rest) {
        const auto [name, value] = split(one, "=");
        options_[name] = number(value);
      }
      policy_ = make_policy(name_, options_);
    } else if (word == "tree") {
      tree_ = {};
      tree_.tree.memtable_bytes = 100;
      for (const std::string& one : rest) set_fact(one);
    } else if (word == "run") {
      tree_.add_run(number(rest.at(0)), static_cast<uint32_t>(number(rest.at(2))));
    } else if (word == "snapshots") {
      for (const std::string& one : rest) tree_.snapshots.push_back(number(one));
    } else if (word == "plan") {
      return plan(rest);
    } else if (word == "refused") {
      policy_->job_done({.type = JobType::kDropOldestLossy,
                         .status = Status(StatusCode::INVALID_ARGUMENT, "not allowed")});
    } else if (word == "pressure") {
      const Pressure pressure = policy_->pressure(tree_.view());
      return "pending " + std::to_string(pressure.pending_bytes) + ", urgency " +
             std::to_string(pressure.urgency) + "\n";
    } else {
      add_file(number(word), rest);
    }
    return {};
  }

  void set_fact(const std::string& text) {
    const auto [name, value] = split(text, "=");
    if (name == "workers") tree_.tree.idle_workers = static_cast<uint32_t>(number(value));
    if (name == "now") tree_.tree.now_ms = number(value);
    if (name == "free") tree_.tree.free_bytes = number(value);
    if (name == "memtable") tree_.tree.memtable_bytes = number(value);
  }

  void add_file(uint64_t id, const std::vector<std::string>& words) {
    const auto [smallest, largest] = split(words.at(0), "..");
    FileView& file = tree_.add_file(id, smallest, largest, number(words.at(1)));
    for (std::size_t i = 2; i < words.size(); ++i) {
      const auto [name, value] = split(words[i], "=");
      if (name == "busy") file.busy = true;
      if (name == "ttl") file.ttl_entries = number(value);
      if (name == "created") file.created_at_ms = number(value);
      if (name == "tombstones") file.tombstones = number(value);
      if (name == "range_deletes") file.range_deletes = number(value);
      if (name == "garbage") file.estimated_garbage_bytes = number(value);
      if (name == "sequences") {
        file.min_sequence = number(split(value, "..").first);
        file.max_sequence = number(split(value, "..").second);
      }
      if (name == "expires") {
        if (file.ttl_entries == 0) file.ttl_entries = file.entries;
        file.min_expires_at_ms = number(split(value, "..").first);
        file.max_expires_at_ms = number(split(value, "..").second);
      }
    }
  }

  std::string plan(const std::vector<std::string>& words) {
    std::vector<TreeEvent> events;
    std::string start = words.size() > 1 ? words[1] : "";
    std::string end = words.size() > 2 ? words[2] : "";
    if (!words.empty()) events.push_back({TreeEventType::kManual, 0, start, end});
    const auto plan = policy_->plan(tree_.view(), events, Deadline::max());
    REQUIRE(plan);
    std::string text;
    for (const Job& job : plan->jobs) text += job_text(job) + "\n";
    return text.empty() ? "nothing\n" : text;
  }

  const std::string name_;
  PolicyOptions options_;
  std::shared_ptr<CompactionPolicy> policy_;
  PolicyTree tree_;
};

}  // namespace

TEST_CASE("policies: the stories in tests/data/policy") {
  std::map<std::string, int> stories;
  for (const auto& entry :
       std::filesystem::directory_iterator(kvhost::testing::test_data() + "/policy")) {
    const std::string name = entry.path().filename().string();
    const std::string policy = name.substr(0, name.find('_'));
    ++stories[policy];
    std::ifstream stream(entry.path());
    std::stringstream text;
    text << stream.rdbuf();
    const std::string actual = Story(policy).play(text.str());
    INFO("rewrite with: KVHOST_REWRITE=1 test_policy; file " << name);
    CHECK(kvhost::testing::golden_text("tests/data/policy/" + name, actual) == actual);
  }
  for (const std::string& policy : kPolicies) CHECK(stories[policy] >= 1);
}
