// put, get, delete, scan, incr.
#include "command_table.hpp"
#include "text.hpp"

namespace kvhost::kvctl {

namespace json = boost::json;

namespace {

Status absent(const std::string& key) {
  return {StatusCode::KEY_ABSENT, "there is no key \"" + printable(key) + "\""};
}

std::string ttl_text(const client::Entry& entry) {
  return entry.ttl_ms == 0 ? "" : human_duration(entry.ttl_ms);
}

Status condition_failed(const std::string& key, const client::WriteResult& result) {
  const uint64_t version = result.failed.empty() ? 0 : result.failed[0].current_version;
  return {StatusCode::CONDITION_FAILED,
          "\"" + printable(key) + "\" " +
              (version == 0 ? "is absent" : "has version " + std::to_string(version))};
}

// Prints rows as they come.
class RowPrinter {
 public:
  RowPrinter(Invocation& call, bool keys_only) : call_(call), keys_only_(keys_only) {
    if (call_.format == Format::kJson) call_.streams.out << R"({"items":[)";
    if (call_.format == Format::kTable) {
      rows_.push_back(keys_only ? std::vector<std::string>{"KEY", "VERSION", "TTL"}
                                : std::vector<std::string>{"KEY", "VALUE", "VERSION", "TTL"});
    }
  }
  void add(const client::Entry& entry) {
    auto& out = call_.streams.out;
    if (call_.format == Format::kJson) {
      if (count_ != 0) out << ',';
      out << json::serialize(entry_json(entry, !keys_only_));
    } else if (call_.format == Format::kTable) {
      std::vector<std::string> row = {printable(entry.key)};
      if (!keys_only_) row.push_back(printable(entry.value));
      row.push_back(std::to_string(entry.version));
      row.push_back(ttl_text(entry));
      rows_.push_back(std::move(row));
    } else {
      out << printable(entry.key);
      if (!keys_only_) out << '\t' << printable(entry.value);
      out << '\n';
    }
    ++count_;
  }
  void finish() {
    if (call_.format == Format::kJson) call_.streams.out << "]}\n";
    if (call_.format == Format::kTable) call_.streams.out << table(rows_);
  }

 private:
  Invocation& call_;
  bool keys_only_;
  uint64_t count_ = 0;
  std::vector<std::vector<std::string>> rows_;
};

Result<client::Range> range_of(Invocation& call) {
  const auto prefix = call.option("prefix");
  const auto start = call.option("start");
  const auto end = call.option("end");
  if (prefix && (start || end)) return call.usage("--prefix does not go with --start and --end");
  client::Range range;
  if (prefix) range = client::Range::with_prefix(*prefix);
  if (start) range.start = *start;
  if (end) range.end = *end;
  range.reverse = call.has("reverse");
  range.keys_only = call.has("keys-only");
  return range;
}

}  // namespace

Status run_put(Invocation& call) {
  KVHOST_TRY_ASSIGN(const auto ttl, call.duration_option("ttl"));
  KVHOST_TRY_ASSIGN(const auto version, call.integer_option("if-version"));
  if (version && call.has("if-absent")) {
    return call.usage("--if-version does not go with --if-absent");
  }
  if (version && *version < 0) return call.usage("--if-version: a version is not negative");
  const std::string& key = call.arguments[0];
  client::WriteBatch batch;
  batch.put(key, call.argument_or_input(1), ttl.value_or(std::chrono::milliseconds(0)));
  if (version) batch.require_version(key, static_cast<uint64_t>(*version));
  if (call.has("if-absent")) batch.require_absent(key);
  KVHOST_TRY_ASSIGN(auto* const client, call.client());
  KVHOST_TRY_ASSIGN(const auto result, client->write(batch));
  if (!result.applied) return condition_failed(key, result);
  json::object members;
  put_bytes(members, "key", key);
  members["version"] = result.version;
  call.print("OK", members);
  return {};
}

Status run_get(Invocation& call) {
  const std::string& key = call.arguments[0];
  KVHOST_TRY_ASSIGN(auto* const client, call.client());
  KVHOST_TRY_ASSIGN(const auto entry, client->get(key));
  if (!entry) return absent(key);
  if (call.has("raw")) {
    call.streams.out << entry->value;
  } else if (call.format == Format::kTable) {
    RowPrinter printer(call, false);
    printer.add(*entry);
    printer.finish();
  } else {
    call.print(entry->value, entry_json(*entry));
  }
  return {};
}

Status run_delete(Invocation& call) {
  const std::string& key = call.arguments[0];
  client::EraseOptions options;
  options.want_existed = true;
  KVHOST_TRY_ASSIGN(auto* const client, call.client());
  KVHOST_TRY_ASSIGN(const auto result, client->erase(key, options));
  if (!result.existed) return absent(key);
  json::object members;
  put_bytes(members, "key", key);
  members["deleted"] = true;
  members["version"] = result.version;
  call.print("OK", members);
  return {};
}

Status run_scan(Invocation& call) {
  KVHOST_TRY_ASSIGN(auto range, range_of(call));
  KVHOST_TRY_ASSIGN(const auto limit, call.integer_option("limit"));
  if (limit && *limit < 1) return call.usage("--limit: expected 1 or more");
  KVHOST_TRY_ASSIGN(auto* const client, call.client());
  RowPrinter printer(call, range.keys_only);
  int64_t left = limit.value_or(INT64_MAX);
  std::optional<client::Range> next = std::move(range);
  while (next && left > 0) {
    client::ScanOptions options;
    options.max_rows = static_cast<uint32_t>(std::min<int64_t>(left, 1000));
    KVHOST_TRY_ASSIGN(auto page, client->scan(*next, options));
    for (const auto& row : page.rows) printer.add(row);
    left -= static_cast<int64_t>(page.rows.size());
    next = std::move(page.next);
  }
  printer.finish();
  return {};
}

Status run_incr(Invocation& call) {
  const std::string& key = call.arguments[0];
  int64_t by = 1;
  if (call.arguments.size() > 1) {
    const auto number = parse_integer(call.arguments[1]);
    if (!number) {
      return call.usage("incr: N must be a whole number of 64 bits, found \"" + call.arguments[1] +
                        "\"");
    }
    by = *number;
  }
  KVHOST_TRY_ASSIGN(auto* const client, call.client());
  KVHOST_TRY_ASSIGN(const auto result, client->increment(key, by));
  json::object members;
  put_bytes(members, "key", key);
  members["value"] = result.value;
  members["version"] = result.version;
  call.print(std::to_string(result.value), members);
  return {};
}

}  // namespace kvhost::kvctl
