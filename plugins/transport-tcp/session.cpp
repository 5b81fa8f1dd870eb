#include "session.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "wire/reply.hpp"

namespace kvhost::tcp {

namespace {
constexpr std::size_t kFirstInputBytes = 4096;
constexpr std::size_t kUsualInputBytes = 128 << 10;
}  // namespace

Session::Session(const ServerHello& offer, const SessionLimits& limits)
    : offer_(offer), limits_(limits) {}

std::span<char> Session::input_room() {
  if (begin_ != 0) {
    std::memmove(input_.data(), input_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ == 0 && input_.size() > kUsualInputBytes) input_ = {};
  if (end_ == input_.size()) {
    // The buffer grows with what has arrived, not with what a length field claims.
    const std::size_t enough = std::max(kUsualInputBytes, wanted_);
    const std::size_t larger = std::max(kFirstInputBytes, 2 * input_.size());
    input_.resize(std::max(std::min(larger, enough), end_ + 1));
  }
  return {input_.data() + end_, input_.size() - end_};
}

void Session::received(std::size_t bytes) {
  end_ += bytes;
  if (state_ == State::kHandshake) read_hello();
  if (state_ == State::kClosing) begin_ = end_ = 0;
}

bool Session::is_held_back() const {
  return in_flight_ >= limits_.max_in_flight ||
         output_.size() + sending_bytes_ >= limits_.output_limit;
}

bool Session::wants_input() const { return state_ != State::kClosing && !is_held_back(); }

void Session::read_hello() {
  auto greeting = decode_client_hello(unread());
  if (!greeting) {
    refuse(greeting.error());
    return;
  }
  if (!greeting->has_value()) return;
  const ClientHello& hello = (*greeting)->hello;
  if (hello.min_version > kProtocolVersion || hello.max_version < kProtocolVersion) {
    refuse({StatusCode::NOT_SUPPORTED,
            "this node speaks protocol version " + std::to_string(kProtocolVersion) +
                ", the client offers " + std::to_string(hello.min_version) + " to " +
                std::to_string(hello.max_version)});
    return;
  }
  begin_ += (*greeting)->bytes;
  client_name_ = hello.name;
  offer_.version = kProtocolVersion;
  offer_.features &= hello.features;
  output_ += encode_server_hello(offer_);
  state_ = State::kOpen;
  if (!drain_reason_.is_ok()) drain(Status(drain_reason_));
}

std::optional<Frame> Session::next_frame() {
  while (is_open() && !is_held_back()) {
    auto frame = cut_frame();
    if (!frame) return std::nullopt;
    if (state_ == State::kDraining) {
      answer_draining(*frame);
      continue;
    }
    ++in_flight_;
    return frame;
  }
  return std::nullopt;
}

std::optional<Frame> Session::cut_frame() {
  const std::string_view bytes = unread();
  wanted_ = kHeaderBytes;
  if (bytes.size() < kHeaderBytes) {
    // Nothing is waited for behind a length that no frame has.
    const Status possible =
        bytes.size() < kLengthBytes ? Status() : check_length(bytes, limits_.max_frame_bytes);
    if (!possible.is_ok()) fail(possible);
    return std::nullopt;
  }
  const auto header = decode_header(bytes, limits_.max_frame_bytes);
  if (!header) {
    fail(header.error());
    return std::nullopt;
  }
  wanted_ = header->frame_bytes();
  if (bytes.size() < wanted_) return std::nullopt;
  if (header->request_id == 0) {
    fail(
        {StatusCode::PROTOCOL_ERROR, "frame header: the request id is 0, expected another number"});
    return std::nullopt;
  }
  begin_ += wanted_;
  wanted_ = 0;
  return Frame{header->opcode, header->flags, header->request_id,
               bytes.substr(kHeaderBytes, header->payload_bytes())};
}

void Session::answer_draining(const Frame& frame) {
  encode_error_reply(output_, frame.opcode, frame.request_id, drain_reason_.code(),
                     drain_reason_.message());
}

void Session::reply(std::string_view frames, uint32_t count) {
  in_flight_ -= count;
  output_.append(frames);
}

std::string Session::take_output(std::string spare) {
  sending_bytes_ += output_.size();
  spare.clear();
  return std::exchange(output_, std::move(spare));
}

void Session::sent(std::size_t bytes) { sending_bytes_ -= bytes; }

void Session::refuse(const Status& why) {
  ServerHello hello = offer_;
  hello.version = 0;
  hello.code = why.code();
  hello.text = why.message();
  output_ += encode_server_hello(hello);
  state_ = State::kClosing;
}

void Session::drain(const Status& why) {
  drain_reason_ = why;
  if (state_ != State::kOpen) return;
  encode_notice(output_, Opcode::kGoaway, why.code(), why.message());
  state_ = State::kDraining;
}

void Session::input_ended() {
  state_ = State::kClosing;
  begin_ = end_ = 0;
}

void Session::fail(const Status& why) {
  encode_notice(output_, Opcode::kConnectionError, why.code(), why.message());
  state_ = State::kClosing;
  begin_ = end_ = 0;
}

}  // namespace kvhost::tcp
