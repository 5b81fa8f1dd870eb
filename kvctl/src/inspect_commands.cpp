// inspect: what the engine's files hold, read without the engine.
#include "command_table.hpp"
#include "kvhost/engine/inspect_log.hpp"
#include "kvhost/engine/inspect_manifest.hpp"
#include "kvhost/engine/inspect_table.hpp"
#include "text.hpp"

namespace kvhost::kvctl {

namespace json = boost::json;

namespace {

using Rows = std::vector<std::vector<std::string>>;

void put_facts(Invocation& call, const json::object& facts) {
  call.streams.out << flat_text(facts);
}

json::object segment_json(const engine::LogSegmentInfo& info) {
  return {{"number", info.number},
          {"format_version", info.format_version},
          {"incarnation", info.incarnation},
          {"file_bytes", info.file_bytes},
          {"previous_segment", info.previous_segment},
          {"previous_end", info.previous_end},
          {"durable_segment", info.durable_segment},
          {"durable_offset", info.durable_offset},
          {"records", info.records},
          {"payload_bytes", info.payload_bytes},
          {"damaged_bytes", info.damaged_bytes}};
}

json::object table_json(const engine::InspectedTable& info) {
  json::object out{{"identity", info.identity},
                   {"format_version", info.format_version},
                   {"codec", info.codec},
                   {"entries", info.entries},
                   {"tombstones", info.tombstones},
                   {"distinct_keys", info.distinct_keys},
                   {"raw_key_bytes", info.raw_key_bytes},
                   {"raw_value_bytes", info.raw_value_bytes},
                   {"data_blocks", info.data_blocks},
                   {"data_bytes", info.data_bytes},
                   {"file_bytes", info.file_bytes},
                   {"min_sequence", info.min_sequence},
                   {"max_sequence", info.max_sequence},
                   {"expiring_entries", info.expiring_entries},
                   {"min_expires_at_ms", info.min_expires_at_ms},
                   {"max_expires_at_ms", info.max_expires_at_ms},
                   {"entries_hash", info.entries_hash}};
  put_bytes(out, "smallest_key", info.smallest_key);
  put_bytes(out, "largest_key", info.largest_key);
  return out;
}

json::array blocks_json(const engine::InspectedTable& info) {
  json::array blocks;
  for (const auto& block : info.blocks) {
    json::object one{{"kind", block.kind},
                     {"offset", block.offset},
                     {"stored_bytes", block.stored_bytes},
                     {"raw_bytes", block.raw_bytes},
                     {"codec", block.codec},
                     {"entries", block.entries}};
    put_bytes(one, "first_key", block.first_key);
    put_bytes(one, "last_key", block.last_key);
    blocks.push_back(std::move(one));
  }
  return blocks;
}

Rows block_rows(const engine::InspectedTable& info) {
  Rows rows = {{"KIND", "OFFSET", "STORED", "RAW", "CODEC", "ENTRIES", "FIRST", "LAST"}};
  for (const auto& block : info.blocks) {
    rows.push_back({block.kind, std::to_string(block.offset), std::to_string(block.stored_bytes),
                    std::to_string(block.raw_bytes), block.codec, std::to_string(block.entries),
                    printable(block.first_key), printable(block.last_key)});
  }
  return rows;
}

json::object record_json(const engine::InspectedRecord& record) {
  json::object out;
  put_bytes(out, "key", record.key);
  if (!record.is_tombstone) put_bytes(out, "value", record.value);
  out["sequence"] = record.sequence;
  if (record.expires_at_ms != 0) out["expires_at_ms"] = record.expires_at_ms;
  if (record.is_tombstone) out["tombstone"] = true;
  return out;
}

}  // namespace

Status run_inspect_wal(Invocation& call) {
  KVHOST_TRY_ASSIGN(const auto limit, call.integer_option("limit"));
  if (limit && *limit < 1) return call.usage("--limit: expected 1 or more");
  int64_t left = limit.value_or(INT64_MAX);
  json::array entries;
  Rows rows = {{"OFFSET", "BYTES", "STATE", "PAYLOAD", "PROBLEM"}};
  KVHOST_TRY_ASSIGN(
      const auto info,
      engine::inspect_log_segment(
          engine::posix_file_system(), call.arguments[0], [&](const engine::LogEntryInfo& entry) {
            const std::string state(engine::to_string(entry.state));
            if (call.format == Format::kJson) {
              entries.push_back(json::object{{"offset", entry.offset},
                                             {"bytes", entry.bytes},
                                             {"state", state},
                                             {"payload_bytes", entry.payload.size()},
                                             {"problem", entry.problem}});
            } else {
              rows.push_back({std::to_string(entry.offset), std::to_string(entry.bytes), state,
                              std::to_string(entry.payload.size()), entry.problem});
            }
            return --left > 0;
          }));
  json::object facts = segment_json(info);
  if (call.format == Format::kJson) {
    facts["entries"] = std::move(entries);
    call.streams.out << json::serialize(facts) << '\n';
  } else {
    put_facts(call, facts);
    call.streams.out << '\n' << table(rows);
  }
  return {};
}

Status run_inspect_sst(Invocation& call) {
  json::array records;
  Rows rows = {{"KEY", "SEQUENCE", "VALUE"}};
  engine::InspectTableOptions options;
  options.verify = call.has("verify");
  if (call.has("records")) {
    options.on_record = [&](const engine::InspectedRecord& record) {
      if (call.format == Format::kJson) {
        records.push_back(record_json(record));
      } else {
        rows.push_back({printable(record.key), std::to_string(record.sequence),
                        record.is_tombstone ? "(deleted)" : printable(record.value)});
      }
      return true;
    };
  }
  KVHOST_TRY_ASSIGN(const auto info,
                    engine::inspect_table(engine::posix_file_system(), call.arguments[0], options));
  json::object facts = table_json(info);
  if (call.format == Format::kJson) {
    facts["blocks"] = blocks_json(info);
    if (call.has("records")) facts["records"] = std::move(records);
    call.streams.out << json::serialize(facts) << '\n';
    return {};
  }
  put_facts(call, facts);
  call.streams.out << '\n' << table(block_rows(info));
  if (!info.range_tombstones.empty()) {
    Rows ranges = {{"DELETED FROM", "UP TO", "SEQUENCE"}};
    for (const auto& range : info.range_tombstones) {
      ranges.push_back(
          {printable(range.start), printable(range.end), std::to_string(range.sequence)});
    }
    call.streams.out << '\n' << table(ranges);
  }
  if (call.has("records")) call.streams.out << '\n' << table(rows);
  return {};
}

Status run_inspect_manifest(Invocation& call) {
  KVHOST_TRY_ASSIGN(const auto listing,
                    engine::inspect_manifest(engine::posix_file_system(), call.arguments[0]));
  json::object facts{{"format_version", listing.format_version},
                     {"comparator", listing.comparator},
                     {"number", listing.number},
                     {"bytes", listing.bytes},
                     {"torn_bytes", listing.torn_bytes}};
  if (call.format == Format::kJson) {
    json::array records;
    for (const auto& record : listing.records) {
      json::array fields;
      for (const auto& field : record.fields) fields.emplace_back(field);
      records.push_back(json::object{
          {"offset", record.offset}, {"bytes", record.bytes}, {"fields", std::move(fields)}});
    }
    facts["records"] = std::move(records);
    call.streams.out << json::serialize(facts) << '\n';
  } else {
    put_facts(call, facts);
    for (const auto& record : listing.records) {
      call.streams.out << "\nat " << record.offset << ", " << record.bytes << " bytes\n";
      for (const auto& field : record.fields) call.streams.out << "  " << printable(field) << '\n';
    }
  }
  return listing.damage;
}

}  // namespace kvhost::kvctl
