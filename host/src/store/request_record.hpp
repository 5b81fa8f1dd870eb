// What is kept of a request with an id, so that a retry is answered and not carried out again.
//
// The record is the last operation of the request's own batch, in kRequestIdSpace under the id. Its
// version tells the versions of the operations before it, each of which takes one sequence number.
// Where an operation has an answer of its own (a counter's sum, whether a key was there), a second
// write puts that into the record before the client is answered.
//
// Threads:   values.
// Format:    byte 0: 1. Byte 1: 0 = complete without answers, 1 = answers follow later, 2 = with
//            answers. 8 bytes fingerprint, 4 bytes count of operations; with answers also 8 bytes
//            of the first version and for each operation 1 byte existed and 8 bytes number.
//            Little-endian.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "kvhost/result.hpp"
#include "store/write_outcome.hpp"

namespace kvhost::host {

enum class RecordState : uint8_t { kComplete = 0, kAnswersFollow = 1, kWithAnswers = 2 };

struct RequestRecord {
  RecordState state = RecordState::kComplete;
  uint64_t fingerprint = 0;
  uint32_t ops = 0;
  uint64_t first_version = 0;          // kWithAnswers
  std::vector<kvh_op_result> answers;  // kWithAnswers; versions are not stored
};

// Tells two requests apart; the same on every machine.
uint64_t fingerprint_of(std::string_view batch_bytes);

std::string encode_record(const RequestRecord& record);
// CORRUPTION says what was found.
Result<RequestRecord> decode_record(std::string_view bytes);
// The answer to a retry; `version` is the stored record's.
WriteOutcome outcome_of(const RequestRecord& record, uint64_t version);

}  // namespace kvhost::host
