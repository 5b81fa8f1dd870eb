// import and export: one JSON object a line, as GET /v1/kv gives with application/x-ndjson.
#include <cmath>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <mutex>

#include "command_table.hpp"
#include "progress_bar.hpp"
#include "text.hpp"

namespace kvhost::kvctl {

namespace json = boost::json;

namespace {

// Writes batches without waiting for each; remembers the first failure.
class Writer {
 public:
  explicit Writer(client::Client& client) : client_(client) {}
  ~Writer() { (void)finish(); }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  Status write(const client::WriteBatch& batch) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return in_flight_ < kMaxInFlight; });
      if (!failure_.is_ok()) return failure_;
      ++in_flight_;
    }
    client_.async_write(batch, {}, [this](const Result<client::WriteResult>& result) {
      const std::lock_guard lock(mutex_);
      if (!result && failure_.is_ok()) failure_ = result.error();
      --in_flight_;
      changed_.notify_all();
    });
    return {};
  }
  Status finish() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return in_flight_ == 0; });
    return failure_;
  }

 private:
  static constexpr int kMaxInFlight = 64;
  client::Client& client_;
  std::mutex mutex_;
  std::condition_variable changed_;
  int in_flight_ = 0;
  Status failure_;
};

Status add_line(client::WriteBatch& batch, const std::string& line, const std::string& place) {
  const auto wrong = [&](const std::string& why) {
    return Status(StatusCode::INVALID_ARGUMENT, place + ": " + why);
  };
  boost::system::error_code failure;
  const json::value value = json::parse(line, failure);
  if (failure || !value.is_object()) return wrong("expected a JSON object");
  const auto key = take_bytes(value.get_object(), "key");
  const auto text = take_bytes(value.get_object(), "value");
  if (!key || !text) {
    return wrong("needs \"key\" and \"value\", strings, or \"key_base64\" and \"value_base64\"");
  }
  std::chrono::milliseconds ttl(0);
  if (const auto* given = value.get_object().if_contains("ttl")) {
    const auto seconds = given->to_number<double>(failure);
    if (failure || !(seconds > 0) || seconds > 1e12) {
      return wrong("\"ttl\" must be a number of seconds above 0");
    }
    ttl = std::chrono::milliseconds(std::max<int64_t>(1, std::llround(seconds * 1000)));
  }
  batch.put(*key, *text, ttl);
  return {};
}

constexpr std::size_t kBatchBytes = std::size_t{1} << 20;

}  // namespace

Status run_import(Invocation& call) {
  KVHOST_TRY_ASSIGN(const auto per_batch, call.integer_option("batch"));
  const int64_t most = per_batch.value_or(100);
  if (most < 1 || most > 10'000) return call.usage("--batch: expected 1 to 10000");
  const std::string& path = call.arguments[0];
  std::ifstream file;
  uint64_t total = 0;
  if (path != "-") {
    file.open(path, std::ios::binary);
    std::error_code unknown;
    total = std::filesystem::file_size(path, unknown);
    if (!file || unknown) return {StatusCode::IO_ERROR, path + ": cannot be opened"};
  }
  std::istream& in = path == "-" ? call.streams.in : file;
  KVHOST_TRY_ASSIGN(auto* const client, call.client());
  Writer writer(*client);
  ProgressBar progress(call.streams, "import", total);
  client::WriteBatch batch;
  uint64_t entries = 0;
  uint64_t lines = 0;
  uint64_t bytes = 0;
  for (std::string line; std::getline(in, line);) {
    ++lines;
    bytes += line.size() + 1;
    if (line.empty()) continue;
    KVHOST_TRY(add_line(batch, line, path + ":" + std::to_string(lines)));
    ++entries;
    progress.at(bytes, entries);
    if (batch.size() < static_cast<std::size_t>(most) && batch.bytes() < kBatchBytes) continue;
    KVHOST_TRY(writer.write(batch));
    batch.clear();
  }
  if (!batch.empty()) KVHOST_TRY(writer.write(batch));
  KVHOST_TRY(writer.finish());
  call.print("imported " + std::to_string(entries) + " entries", {{"imported", entries}});
  return {};
}

Status run_export(Invocation& call) {
  const std::string& path = call.arguments[0];
  KVHOST_TRY_ASSIGN(auto* const client, call.client());
  KVHOST_TRY_ASSIGN(
      auto cursor,
      client->open_cursor(client::Range::with_prefix(call.option("prefix").value_or(""))));
  std::ofstream file;
  if (path != "-") {
    file.open(path, std::ios::binary | std::ios::trunc);
    if (!file) return {StatusCode::IO_ERROR, path + ": cannot be opened for writing"};
  }
  std::ostream& out = path == "-" ? call.streams.out : file;
  ProgressBar progress(call.streams, "export", 0);
  uint64_t entries = 0;
  for (;;) {
    KVHOST_TRY_ASSIGN(const auto rows, cursor.next());
    if (rows.empty()) break;
    for (const auto& row : rows) out << json::serialize(entry_json(row)) << '\n';
    entries += rows.size();
    progress.at(0, entries);
  }
  out.flush();
  if (!out) return {StatusCode::IO_ERROR, path + ": cannot be written"};
  if (path != "-") {
    call.print("exported " + std::to_string(entries) + " entries", {{"exported", entries}});
  }
  return {};
}

}  // namespace kvhost::kvctl
