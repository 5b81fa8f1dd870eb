// What is kept of a request with an id, so that a retry is answered and not carried out again.
//
// The record is the last operation of the request's own batch, in kRequestIdSpace under the id. Its
// version tells the versions of the operations before it, each of which takes one sequence number.
// Where an operation has an answer of its own (a counter's sum, whether a key was there), applying
// the batch appends that to the record: every replica knows it as soon as it knows the write.
//
// Threads:   values.
// Format:    byte 0: 1. Byte 1: the state. 8 bytes fingerprint, 4 bytes count of operations; with
//            state 2 also 8 bytes of the first version; with states 2 and 3 for each operation
//            1 byte existed and 8 bytes number. Little-endian.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "kvhost/result.hpp"
#include "store/write_outcome.hpp"

namespace kvhost::host {

enum class RecordState : uint8_t {
  kComplete = 0,       // there are no answers
  kAnswersFollow = 1,  // written by earlier programs, replaced by kWithAnswers in a second write
  kWithAnswers = 2,
  kAppended = 3,  // what applying the batch appended are the answers
};

struct RequestRecord {
  RecordState state = RecordState::kComplete;
  uint64_t fingerprint = 0;
  uint32_t ops = 0;
  uint64_t first_version = 0;          // kWithAnswers
  std::vector<kvh_op_result> answers;  // kWithAnswers, kAppended; versions are not stored
};

// Tells two requests apart; the same on every machine.
uint64_t fingerprint_of(std::string_view batch_bytes);

// Of kAppended without the answers, for WriteBatch::put with kAppendAnswers.
std::string encode_record(const RequestRecord& record);
// CORRUPTION says what was found.
Result<RequestRecord> decode_record(std::string_view bytes);
// The answer to a retry; `version` is the stored record's.
WriteOutcome outcome_of(const RequestRecord& record, uint64_t version);

}  // namespace kvhost::host
