// A node whose policies are switched under load, and nodes whose policy hangs.
#include <signal.h>

#include <atomic>
#include <boost/json.hpp>
#include <catch2/catch.hpp>
#include <chrono>
#include <map>
#include <thread>

#include "base/random.hpp"
#include "host/node_folder.hpp"
#include "kvhost/client/client.hpp"
#include "support/places.hpp"

namespace kvhost::host::testing {
namespace {

namespace json = boost::json;
using Clock = std::chrono::steady_clock;
using Records = std::map<std::string, std::string>;
constexpr auto kPatience = std::chrono::seconds(60);

// A node with TCP and small memtables under the policy `compaction`.
std::string node_toml(const std::string& compaction) {
  return "[node]\nplugin_path = [\"" + kvhost::testing::binary_dir() +
         "/tests/plugins/hostile\"]\ndrain_timeout = \"1s\"\n"
         "[engine]\nmemory = \"32MiB\"\nmemtable_size = \"1MiB\"\nwal_sync = \"never\"\n"
         "wal_segment_size = \"4MiB\"\ncompression = \"none\"\ncompaction_workers = 2\n"
         "[compaction]\n" +
         compaction +
         "\n[[transport]]\nplugin = \"tcp\"\n[transport.options]\nlisten = \"127.0.0.1:0\"\n"
         "[metrics]\nplugin = \"none\"\n";
}

client::Client connect(const NodeProcess& node) {
  const std::string words = "tcp listens on ";
  const std::string out = node.out();
  const auto at = out.find(words);
  REQUIRE(at != std::string::npos);
  const auto begin = at + words.size();
  client::ClientOptions options;
  options.endpoints = {out.substr(begin, out.find('\n', begin) - begin)};
  options.request_timeout = kPatience;
  options.connect_timeout = kPatience;
  auto made = client::Client::connect(options);
  INFO(made.status().to_string());
  REQUIRE(made);
  return std::move(*made);
}

json::object info(client::Client& client, std::string_view section) {
  const auto text = client.info(section);
  INFO(text.status().to_string());
  REQUIRE(text);
  return json::parse(*text).as_object();
}

void use(client::Client& client, const std::string& name, const std::string& options = "") {
  const json::object arguments{{"name", name}, {"options", options}};
  const auto answer = client.command("compaction-use", json::serialize(arguments));
  INFO(name << ": " << answer.status().to_string());
  REQUIRE(answer);
}

// Writes keys of its own until it is told to stop, and remembers them.
class Writer {
 public:
  Writer(client::Client client, uint64_t seed) : client_(std::move(client)), random_(seed) {
    prefix_ = "w" + std::to_string(seed) + "-";
    thread_ = std::thread([this] { run(); });
  }
  void stop() {
    stopping_ = true;
    if (thread_.joinable()) thread_.join();
  }
  ~Writer() { stop(); }

  const Records& written() const { return written_; }
  const std::string& failure() const { return failure_; }
  uint64_t batches() const { return batches_; }

 private:
  void run() {
    while (!stopping_ && failure_.empty()) write();
  }
  void write() {
    client::WriteBatch batch;
    Records puts;
    for (int i = 0; i < 16; ++i) {
      const std::string key = prefix_ + std::to_string(random_.below(4000));
      if (random_.one_in(6)) {
        batch.erase(key);
        puts[key].clear();
      } else {
        std::string value(200 + random_.below(800), 'v');
        for (std::size_t at = 0; at < value.size(); at += 5) {
          value[at] = static_cast<char>('a' + random_.below(26));
        }
        batch.put(key, value);
        puts[key] = value;
      }
    }
    const auto done = client_.write(batch);
    if (!done) {
      failure_ = done.status().to_string();
      return;
    }
    for (auto& [key, value] : puts) {
      if (value.empty()) {
        written_.erase(key);
      } else {
        written_[key] = value;
      }
    }
    // What was acknowledged is there at once, whoever decides on compactions.
    const auto& [key, value] = *puts.begin();
    const auto seen = client_.get(key);
    if (!seen || seen->has_value() == value.empty() || (*seen && (*seen)->value != value)) {
      failure_ = "key " + key + " is not as it was written";
    }
    ++batches_;
  }

  client::Client client_;
  engine::Random random_;
  std::string prefix_;
  Records written_;
  std::string failure_;
  std::atomic<bool> stopping_{false};
  std::atomic<uint64_t> batches_{0};
  std::thread thread_;
};

void check_all(client::Client& client, const Records& expected) {
  auto cursor = client.open_cursor({});
  REQUIRE(cursor);
  Records seen;
  while (true) {
    auto rows = cursor->next();
    INFO(rows.status().to_string());
    REQUIRE(rows);
    if (rows->empty()) break;
    for (auto& row : *rows) seen[row.key] = row.value;
  }
  CHECK(seen.size() == expected.size());
  CHECK((seen == expected));
}

// Runs by level, newest first.
std::map<uint64_t, std::size_t> shape_of(client::Client& client) {
  std::map<uint64_t, std::size_t> runs;
  const json::object tree = info(client, "lsm");
  for (const auto& run : tree.at("runs").as_array()) {
    ++runs[run.at("level").to_number<uint64_t>()];
  }
  return runs;
}

bool has_shape(const std::string& policy, const std::map<uint64_t, std::size_t>& runs) {
  std::size_t all = 0;
  bool one_each = true;
  for (const auto& [level, count] : runs) {
    all += count;
    one_each = one_each && (level == 0 || count == 1);
  }
  if (policy == "leveled") return one_each;
  if (policy == "tiered") return all <= 6;
  if (policy == "lazy-leveled") return runs.rbegin()->first >= 6 && runs.rbegin()->second == 1;
  return all <= 12;
}

struct Chosen {
  const char* name;
  const char* options;
};
constexpr Chosen kChosen[] = {
    {"tiered", "{ fanout = 3, max_runs = 6, target_file = \"256KiB\" }"},
    {"lazy-leveled", "fanout = 3\ntarget_file = \"256KiB\"\n"},
    {"time-window", "{ window = \"1s\", fanout = 3, max_windows = 8 }"},
    {"by-chance", "seed = 5"},
    {"hostile", "{ mode = \"useless\" }"},
    {"hostile", "{ mode = \"throw\", good_plans = 2 }"},
    {"leveled", ""},
};

void wait_for_batches(const Writer& writer, uint64_t more) {
  const auto limit = Clock::now() + kPatience;
  const uint64_t until = writer.batches() + more;
  while (writer.batches() < until && writer.failure().empty()) {
    REQUIRE(Clock::now() < limit);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

}  // namespace

TEST_CASE("policies: all of them take turns on a node under load, and nothing is lost") {
  const NodeFolder folder;
  folder.write(
      node_toml("plugin = \"leveled\"\n[compaction.options]\ntarget_file = \"256KiB\"\n"
                "level_base = \"1MiB\""));
  Records expected;
  {
    NodeProcess node(folder.path(), {"--config", "node.toml"});
    REQUIRE(node.prints("ready"));
    client::Client control = connect(node);
    Writer first(connect(node), 1);
    Writer second(connect(node), 2);
    for (const Chosen& chosen : kChosen) {
      use(control, chosen.name, chosen.options);
      wait_for_batches(first, 120);
      wait_for_batches(second, 120);
    }
    first.stop();
    second.stop();
    REQUIRE(first.failure() == "");
    REQUIRE(second.failure() == "");
    expected = first.written();
    expected.insert(second.written().begin(), second.written().end());
    check_all(control, expected);
    // Without load the tree takes each policy's shape, and stays as it is to look at.
    for (const Chosen& chosen : {kChosen[0], kChosen[1], kChosen[2], kChosen[6]}) {
      INFO(chosen.name);
      use(control, chosen.name, chosen.options);
      const auto limit = Clock::now() + kPatience;
      while (!has_shape(chosen.name, shape_of(control))) {
        REQUIRE(Clock::now() < limit);
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
      }
      check_all(control, expected);
    }
    CHECK(info(control, "stats").at("engine").at("compactions_failed") == 0);
    const auto wrong =
        control.command("compaction-use", R"({"name":"tiered","options":"{ fanuot = 3 }"})");
    REQUIRE_FALSE(wrong);
    CHECK(says(wrong.error().message(), "Did you mean fanout?"));
    CHECK(info(control, "status").at("engine").at("compaction_policy") == "leveled");
    node.send(SIGTERM);
    CHECK(node.wait().exit_code == 0);
  }
  // The file may name another policy at the next start.
  folder.write(node_toml("plugin = \"lazy-leveled\"\nallow_lossy_drop = false\n"));
  NodeProcess node(folder.path(), {"--config", "node.toml"});
  REQUIRE(node.prints("ready"));
  client::Client control = connect(node);
  CHECK(info(control, "status").at("engine").at("compaction_policy") == "lazy-leveled");
  check_all(control, expected);
  node.send(SIGTERM);
  CHECK(node.wait().exit_code == 0);
}

TEST_CASE("policies: FIFO by size drops live data where its owner allows that, and only there") {
  const bool is_allowed = GENERATE(true, false);
  const NodeFolder folder;
  folder.write(node_toml(
      "plugin = \"time-window\"\nallow_lossy_drop = " + std::string(is_allowed ? "true" : "false") +
      "\n[compaction.options]\nwindow = \"1s\"\nmax_size = \"64KiB\""));
  NodeProcess node(folder.path(), {"--config", "node.toml"});
  REQUIRE(node.prints("ready"));
  client::Client control = connect(node);
  constexpr int kFlushes = 6;
  for (int i = 0; i < kFlushes; ++i) {
    client::WriteBatch batch;
    for (int key = 0; key < 50; ++key) {
      batch.put("k" + std::to_string(i) + "-" + std::to_string(key), std::string(1000, 'v'));
    }
    REQUIRE(control.write(batch));
    REQUIRE(control.command("flush", "{}"));
  }
  if (is_allowed) {
    const auto limit = Clock::now() + kPatience;
    while (info(control, "status").at("engine").at("table_bytes").to_number<uint64_t>() > 100'000) {
      REQUIRE(Clock::now() < limit);
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    CHECK_FALSE(control.get("k0-0")->has_value());
  } else {
    REQUIRE(node.prints("max_size has no effect"));
    CHECK(control.get("k0-0")->has_value());
  }
  CHECK(control.get("k" + std::to_string(kFlushes - 1) + "-0")->has_value());
  node.send(SIGTERM);
  CHECK(node.wait().exit_code == 0);
}

TEST_CASE("policies: a policy that hangs in plan() does not delay the end of the node") {
  const bool is_quarantined_first = GENERATE(false, true);
  const NodeFolder folder;
  folder.write(node_toml("plugin = \"hostile\"\n[compaction.options]\nmode = \"hang\""));
  NodeProcess node(folder.path(), {"--config", "node.toml"});
  REQUIRE(node.prints("ready"));
  client::Client control = connect(node);
  REQUIRE(control.put("k", "v"));
  if (is_quarantined_first) {
    REQUIRE(node.prints("\"hostile\" is quarantined: the compaction policy did not answer"));
    const auto status = info(control, "status");
    CHECK(status.at("engine").at("compaction_policy") == "built-in");
    CHECK(status.at("engine").at("quarantined_policy").at("policy") == "hostile");
    REQUIRE(control.command("compact", "{}"));
    CHECK(control.get("k")->has_value());
  }
  const auto begin = Clock::now();
  node.send(SIGTERM);
  const auto end = node.wait();
  CHECK(end.exit_code == 0);
  CHECK(says(end.err, "has not come back from plan(); it is left behind"));
  CHECK(Clock::now() - begin < std::chrono::seconds(14));
}

TEST_CASE("policies: a policy that hangs in stop() is ended by the host") {
  const NodeFolder folder;
  folder.write(node_toml("plugin = \"hostile\"\n[compaction.options]\nmode = \"hang-in-stop\""));
  NodeProcess node(folder.path(), {"--config", "node.toml"});
  REQUIRE(node.prints("ready"));
  {
    client::Client control = connect(node);
    REQUIRE(control.put("k", "v"));
  }
  node.send(SIGTERM);
  const auto end = node.wait();
  CHECK(end.exit_code == 70);
  // What was acknowledged is there at the next start.
  folder.write(node_toml("plugin = \"leveled\""));
  NodeProcess second(folder.path(), {"--config", "node.toml"});
  REQUIRE(second.prints("ready"));
  CHECK(connect(second).get("k")->has_value());
  second.send(SIGTERM);
  CHECK(second.wait().exit_code == 0);
}

}  // namespace kvhost::host::testing
