#include "version/version_edit.hpp"

#include <algorithm>
#include <utility>

#include "base/coding.hpp"
#include "version/file_metadata_coding.hpp"
#include "version/version_edit_fields.hpp"

namespace kvhost::engine {
namespace {

class FieldWriter {
 public:
  void number(EditField field, uint64_t value) {
    begin();
    append_varint64(body_, value);
    end(field);
  }
  void number(EditField field, const std::optional<uint64_t>& value) {
    if (value) number(field, *value);
  }
  void position(EditField field, const std::optional<LogPosition>& value) {
    if (!value) return;
    begin();
    append_varint64(body_, value->segment);
    append_varint64(body_, value->offset);
    end(field);
  }
  void text(EditField field, const std::optional<std::string>& value) {
    if (!value) return;
    body_ = *value;
    end(field);
  }
  void replication(const ReplicationPosition& value) {
    begin();
    append_length_prefixed(body_, value.strategy);
    append_varint64(body_, value.incarnation);
    append_varint64(body_, value.term);
    append_varint64(body_, value.index);
    end(EditField::kReplication);
  }
  void new_run(const NewRun& run) {
    begin();
    append_varint64(body_, run.id);
    append_varint64(body_, run.level);
    append_varint64(body_, run.before_run);
    end(EditField::kNewRun);
  }
  void added_file(const AddedFile& file) {
    begin();
    append_varint64(body_, file.run);
    append_file_metadata(body_, file.metadata);
    end(EditField::kAddedFile);
  }
  std::string take() { return std::move(out_); }

 private:
  void begin() { body_.clear(); }
  void end(EditField field) {
    append_varint64(out_, static_cast<uint64_t>(field));
    append_length_prefixed(out_, body_);
  }

  std::string out_;
  std::string body_;
};

std::string shown(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<uint8_t>(c);
    if (byte >= 0x20 && byte < 0x7F && c != '\\') {
      text += c;
    } else {
      constexpr std::string_view kDigits = "0123456789abcdef";
      text += "\\x";
      text += kDigits[byte >> 4];
      text += kDigits[byte & 15];
    }
  }
  return text;
}

std::string describe_file(const AddedFile& added) {
  const FileMetadata& file = added.metadata;
  std::string text =
      "added_file " + std::to_string(file.number) + " run " + std::to_string(added.run) +
      " identity " + file.identity.to_string() + " bytes " + std::to_string(file.bytes) +
      " keys [" + shown(file.range.smallest) + " .. " + shown(file.range.largest) +
      (file.range.largest_is_exclusive ? ")" : "]") + " sequences " +
      std::to_string(file.min_sequence) + ".." + std::to_string(file.max_sequence) + " entries " +
      std::to_string(file.entries) + " tombstones " + std::to_string(file.tombstones) +
      " range_deletes " + std::to_string(file.range_deletes);
  if (file.ttl_entries > 0) {
    text += " ttl_entries " + std::to_string(file.ttl_entries) + " expires " +
            std::to_string(file.min_expires_at_ms) + ".." + std::to_string(file.max_expires_at_ms);
  }
  text += " created " + std::to_string(file.created_at_ms) + " codec ";
  text += codec_name(file.codec);
  return text;
}

std::string describe_run(const NewRun& run) {
  std::string place = "before run " + std::to_string(run.before_run);
  if (run.before_run == NewRun::kFront) place = "newest";
  if (run.before_run == NewRun::kBack) place = "oldest";
  return "new_run " + std::to_string(run.id) + " level " + std::to_string(run.level) + " " + place;
}

std::string describe_replication(const ReplicationPosition& position) {
  return "replication " + (position.strategy.empty() ? "none" : shown(position.strategy)) +
         " incarnation " + std::to_string(position.incarnation) + " term " +
         std::to_string(position.term) + " index " + std::to_string(position.index);
}

}  // namespace

void VersionEdit::add_level0_run(uint64_t run_id, FileMetadata metadata) {
  new_runs.push_back({run_id, 0, NewRun::kFront});
  added_files.push_back({run_id, std::move(metadata)});
}

std::string VersionEdit::encode() const {
  FieldWriter out;
  out.number(EditField::kNextFileNumber, next_file_number);
  out.number(EditField::kNextRunId, next_run_id);
  out.number(EditField::kLastSequence, last_sequence);
  out.number(EditField::kReservedSequence, reserved_sequence);
  out.position(EditField::kLogStart, log_start);
  out.position(EditField::kLogDurable, log_durable);
  out.number(EditField::kLogTimeMs, log_time_ms);
  if (replication) out.replication(*replication);
  out.text(EditField::kPolicyName, policy_name);
  out.text(EditField::kPolicyState, policy_state);
  for (const uint64_t number : removed_files) out.number(EditField::kRemovedFile, number);
  for (const NewRun& run : new_runs) out.new_run(run);
  for (const AddedFile& file : added_files) out.added_file(file);
  return out.take();
}

std::vector<std::string> VersionEdit::describe() const {
  std::vector<std::string> lines;
  const auto number = [&lines](std::string_view name, const std::optional<uint64_t>& value) {
    if (value) lines.push_back(std::string(name) + " " + std::to_string(*value));
  };
  const auto position = [&lines](std::string_view name, const std::optional<LogPosition>& value) {
    if (value) lines.push_back(std::string(name) + " " + to_string(*value));
  };
  number("next_file_number", next_file_number);
  number("next_run_id", next_run_id);
  number("last_sequence", last_sequence);
  number("reserved_sequence", reserved_sequence);
  position("log_start", log_start);
  position("log_durable", log_durable);
  number("log_time_ms", log_time_ms);
  if (replication) lines.push_back(describe_replication(*replication));
  if (policy_name) lines.push_back("policy_name " + shown(*policy_name));
  if (policy_state) lines.push_back("policy_state " + shown(*policy_state));
  for (const uint64_t file : removed_files) {
    lines.push_back("removed_file " + std::to_string(file));
  }
  for (const NewRun& run : new_runs) lines.push_back(describe_run(run));
  for (const AddedFile& file : added_files) lines.push_back(describe_file(file));
  return lines;
}

void VersionState::apply(const VersionEdit& edit) {
  const auto raise = [](uint64_t now, const std::optional<uint64_t>& to) {
    return std::max(now, to.value_or(0));
  };
  next_file_number = raise(next_file_number, edit.next_file_number);
  next_run_id = raise(next_run_id, edit.next_run_id);
  last_sequence = raise(last_sequence, edit.last_sequence);
  // The one number that may go back: a clean end gives up what it reserved and did not use.
  reserved_sequence = std::max(edit.reserved_sequence.value_or(reserved_sequence), last_sequence);
  log_time_ms = raise(log_time_ms, edit.log_time_ms);
  if (edit.log_start) log_start = std::max(log_start, *edit.log_start);
  if (edit.log_durable) log_durable = std::max(log_durable, *edit.log_durable);
  if (edit.replication) replication = *edit.replication;
  if (edit.policy_name) policy_name = *edit.policy_name;
  if (edit.policy_state) policy_state = *edit.policy_state;
}

}  // namespace kvhost::engine
