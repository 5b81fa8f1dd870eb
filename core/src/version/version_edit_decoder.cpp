#include "base/coding.hpp"
#include "version/file_metadata_coding.hpp"
#include "version/version_edit.hpp"
#include "version/version_edit_fields.hpp"

namespace kvhost::engine {
namespace {

Status malformed(EditField field, std::string_view what) {
  return {StatusCode::CORRUPTION, "field " + std::to_string(static_cast<uint64_t>(field)) +
                                      " is malformed: " + std::string(what)};
}

std::string_view name_of(Decoder& in) { return in.bytes(in.remaining()); }

Result<NewRun> decode_run(Decoder& in) {
  NewRun run;
  run.id = in.varint64();
  run.level = in.varint32();
  run.before_run = in.varint64();
  if (in.ok() && run.level > kMaxLevel) {
    return malformed(EditField::kNewRun, "expected a level of at most " +
                                             std::to_string(kMaxLevel) + ", found " +
                                             std::to_string(run.level));
  }
  return run;
}

LogPosition decode_position(Decoder& in) {
  LogPosition position;
  position.segment = in.varint64();
  position.offset = in.varint64();
  return position;
}

ReplicationPosition decode_replication(Decoder& in) {
  ReplicationPosition position;
  position.strategy = in.length_prefixed();
  position.incarnation = in.varint64();
  position.term = in.varint64();
  position.index = in.varint64();
  return position;
}

// Reads the body of one field into `edit`.
Status decode_field(EditField field, Decoder& in, VersionEdit& edit) {
  switch (field) {
    case EditField::kNextFileNumber:
      edit.next_file_number = in.varint64();
      break;
    case EditField::kNextRunId:
      edit.next_run_id = in.varint64();
      break;
    case EditField::kLastSequence:
      edit.last_sequence = in.varint64();
      break;
    case EditField::kReservedSequence:
      edit.reserved_sequence = in.varint64();
      break;
    case EditField::kLogStart:
      edit.log_start = decode_position(in);
      break;
    case EditField::kLogDurable:
      edit.log_durable = decode_position(in);
      break;
    case EditField::kLogTimeMs:
      edit.log_time_ms = in.varint64();
      break;
    case EditField::kReplication:
      edit.replication = decode_replication(in);
      break;
    case EditField::kPolicyName:
      edit.policy_name = name_of(in);
      break;
    case EditField::kPolicyState:
      edit.policy_state = name_of(in);
      break;
    case EditField::kRemovedFile:
      edit.removed_files.push_back(in.varint64());
      break;
    case EditField::kNewRun: {
      KVHOST_TRY_ASSIGN(const NewRun run, decode_run(in));
      edit.new_runs.push_back(run);
      break;
    }
    case EditField::kAddedFile: {
      const uint64_t run = in.varint64();
      KVHOST_TRY_ASSIGN(FileMetadata metadata, decode_file_metadata(in));
      edit.added_files.push_back({run, std::move(metadata)});
      break;
    }
    default:
      return {StatusCode::FORMAT_UNSUPPORTED,
              "field " + std::to_string(static_cast<uint64_t>(field)) +
                  " is not known to this program and may not be skipped"};
  }
  if (!in.ok()) return malformed(field, "the bytes end early");
  if (!in.finished()) {
    return malformed(field, std::to_string(in.remaining()) + " bytes are left over");
  }
  return {};
}

Status check_limits(const VersionEdit& edit) {
  if (edit.policy_state && edit.policy_state->size() > kMaxPolicyState) {
    return malformed(EditField::kPolicyState, "expected at most 4096 bytes, found " +
                                                  std::to_string(edit.policy_state->size()));
  }
  if (edit.policy_name && edit.policy_name->size() > kMaxComponentName) {
    return malformed(EditField::kPolicyName, "expected at most 256 bytes, found " +
                                                 std::to_string(edit.policy_name->size()));
  }
  if (edit.replication && edit.replication->strategy.size() > kMaxComponentName) {
    return malformed(EditField::kReplication,
                     "expected a strategy of at most 256 bytes, found " +
                         std::to_string(edit.replication->strategy.size()));
  }
  return {};
}

}  // namespace

Result<VersionEdit> VersionEdit::decode(std::string_view bytes) {
  VersionEdit edit;
  Decoder in(bytes);
  while (in.remaining() > 0) {
    const std::size_t at = in.position();
    const uint64_t number = in.varint64();
    const std::string_view body = in.length_prefixed();
    if (!in.ok()) {
      return Status(StatusCode::CORRUPTION,
                    "the field at byte " + std::to_string(at) + " of the edit ends early");
    }
    if (number >= kSkippableFields) continue;
    Decoder field(body);
    KVHOST_TRY(decode_field(static_cast<EditField>(number), field, edit));
  }
  if (!in.ok()) return Status(StatusCode::CORRUPTION, "the edit ends early");
  KVHOST_TRY(check_limits(edit));
  return edit;
}

}  // namespace kvhost::engine
