// Messages as the payloads of frames.
//
// Threads:   any.
// Lifetime:  entries of a decoded message are parts of the frame's payload, which they keep alive.
// Errors:    PROTOCOL_ERROR names the message, the field and its offset. Counts and lengths are
//            checked against the bytes that are there before anything is allocated.
// Format:    docs/protocols/replication.md, "Messages".
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "kvhost/result.hpp"
#include "protocol/messages.hpp"

namespace kvhost::leader_follower {

// The number of a message's type on the wire.
uint8_t type_of(const Message& message);
// Appends the payload.
void encode(const Message& message, std::string& out);
Result<Message> decode(uint8_t type, const std::shared_ptr<const std::string>& frame,
                       std::size_t payload_at);

}  // namespace kvhost::leader_follower
