#include "node/transfers.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/json.hpp>
#include <utility>

#include "wire/checksum.hpp"

namespace kvhost::leader_follower {
namespace {

namespace json = boost::json;

constexpr Nanos kGiveUpAfter = 30 * kSecond;
constexpr uint32_t kLargestPiece = 1 << 20;
constexpr std::size_t kMostAsks = 64;

Result<std::vector<WantedFile>> parse_wanted(const std::string& text) {
  boost::system::error_code failure;
  const json::value value = json::parse(text, failure);
  const auto* const list = value.if_array();
  if (failure || list == nullptr) {
    return Status(StatusCode::INTERNAL, "install_wanted: expected an array, found " + text);
  }
  std::vector<WantedFile> wanted;
  for (const auto& item : *list) {
    const auto* const file = item.if_object();
    const auto* const name = file == nullptr ? nullptr : file->if_contains("name");
    const auto* const offset = file == nullptr ? nullptr : file->if_contains("offset");
    const auto* const bytes = file == nullptr ? nullptr : file->if_contains("bytes");
    if (name == nullptr || !name->is_string() || offset == nullptr || bytes == nullptr ||
        !offset->is_number() || !bytes->is_number()) {
      return Status(StatusCode::INTERNAL, "install_wanted: a file without name, offset or bytes");
    }
    wanted.push_back({std::string(name->get_string()), offset->to_number<uint64_t>(),
                      bytes->to_number<uint64_t>()});
  }
  return wanted;
}

}  // namespace

Transfers::Transfers(Node node, StateMachine machine, Log log, uint64_t bytes_per_second)
    : node_(std::move(node)),
      machine_(machine),
      log_(log),
      bytes_per_second_(bytes_per_second),
      next_transfer_(node_.replica.state().identity) {}

void Transfers::on_loop(std::function<void()> then) {
  boost::asio::post(node_.loop, std::move(then));
}

// ---- sending

void Transfers::offer(NodeKey peer) {
  if (const auto at = sending_.find(peer); at != sending_.end()) {
    // A cut connection is taken up where it was: the same checkpoint is offered again.
    if (at->second.checkpoint) offer_again(peer, at->second);
    return;
  }
  Sending& sending = sending_[peer];
  sending.transfer = ++next_transfer_;
  sending.last_asked = node_.now();
  thread_.post([this, peer, transfer = sending.transfer] {
    auto opened_checkpoint =
        std::make_shared<Result<StateMachine::Checkpoint>>(machine_.checkpoint_open());
    on_loop([this, peer, transfer, opened_checkpoint] {
      opened(peer, transfer, std::move(*opened_checkpoint));
    });
  });
}

void Transfers::opened(NodeKey peer, uint64_t transfer,
                       Result<StateMachine::Checkpoint> checkpoint) {
  const auto at = sending_.find(peer);
  const bool is_wanted = at != sending_.end() && at->second.transfer == transfer;
  if (!checkpoint) {
    log_.warning("no checkpoint for " + node_.replica.name_of(peer) + ": " +
                 checkpoint.error().message());
    if (is_wanted) end_sending(peer);
    return;
  }
  if (!is_wanted) {
    return thread_.post([this, handle = checkpoint->handle] { machine_.checkpoint_close(handle); });
  }
  node_.replica.retain_for_checkpoint(peer, checkpoint->position.index);
  at->second.checkpoint = std::move(*checkpoint);
  offer_again(peer, at->second);
}

void Transfers::offer_again(NodeKey peer, Sending& sending) {
  auto offer = node_.replica.offer_at(sending.checkpoint->position.index);
  if (!offer) return end_sending(peer);
  offer->transfer = sending.transfer;
  offer->manifest = sending.checkpoint->manifest;
  sending.asks.clear();
  sending.last_asked = node_.now();
  node_.send(peer, std::move(*offer));
}

void Transfers::asked(NodeKey peer, CheckpointAsk ask) {
  const auto at = sending_.find(peer);
  if (at == sending_.end() || at->second.transfer != ask.transfer || !at->second.checkpoint ||
      at->second.asks.size() >= kMostAsks) {
    return;
  }
  at->second.last_asked = node_.now();
  ask.max_bytes = std::min(ask.max_bytes, kLargestPiece);
  at->second.asks.push_back(std::move(ask));
  serve_asks(peer, at->second);
}

void Transfers::serve_asks(NodeKey peer, Sending& sending) {
  while (!sending.asks.empty() && (tokens_ > 0 || bytes_per_second_ == 0)) {
    CheckpointAsk ask = std::move(sending.asks.front());
    sending.asks.pop_front();
    tokens_ -= ask.max_bytes;
    thread_.post([this, peer, ask = std::move(ask), handle = sending.checkpoint->handle] {
      auto bytes = machine_.checkpoint_read(handle, ask.file, ask.offset, ask.max_bytes);
      auto chunk = std::make_shared<CheckpointChunk>();
      Status failure = bytes.status();
      if (bytes) {
        chunk->transfer = ask.transfer;
        chunk->file = ask.file;
        chunk->offset = ask.offset;
        chunk->checksum = crc32c(*bytes);
        chunk->bytes = std::move(*bytes);
      }
      on_loop([this, peer, chunk, failure] {
        const auto at = sending_.find(peer);
        if (at == sending_.end()) return;
        if (failure.is_ok()) return node_.send(peer, std::move(*chunk));
        log_.warning("checkpoint for " + node_.replica.name_of(peer) + ": " + failure.message());
        end_sending(peer);
      });
    });
  }
}

void Transfers::ended(NodeKey peer, const CheckpointEnd& end) {
  const auto at = sending_.find(peer);
  if (at == sending_.end() || at->second.transfer != end.transfer) return;
  if (end.status.is_ok()) {
    ++sent_;
  } else {
    log_.warning("checkpoint for " + node_.replica.name_of(peer) + ": " + end.status.message());
  }
  end_sending(peer);
}

void Transfers::end_sending(NodeKey peer) {
  const auto at = sending_.find(peer);
  if (at == sending_.end()) return;
  if (at->second.checkpoint) {
    thread_.post(
        [this, handle = at->second.checkpoint->handle] { machine_.checkpoint_close(handle); });
  }
  sending_.erase(at);
  node_.replica.checkpoint_ended(peer, node_.now());
}

// ---- receiving

void Transfers::offered(NodeKey from, CheckpointOffer offer) {
  if (receiving_ && receiving_->offer.transfer == offer.transfer && receiving_->install != 0 &&
      !receiving_->is_committing) {
    receiving_->pieces.reset();
    return ask_what_is_wanted();
  }
  if (receiving_ && receiving_->from == from && !receiving_->is_committing) {
    give_up(Status(StatusCode::CANCELLED, "another checkpoint was offered"), false);
  }
  if (receiving_ || !node_.replica.accepts_checkpoint(offer)) {
    return node_.send(from, CheckpointEnd{offer.transfer, Status(StatusCode::CONFLICT,
                                                                 "no checkpoint is wanted here")});
  }
  log_.info("receives a checkpoint from " + node_.replica.name_of(from) + " at " +
            to_string(offer.position));
  receiving_.emplace();
  receiving_->from = from;
  receiving_->offer = std::move(offer);
  thread_.post(
      [this, transfer = receiving_->offer.transfer, manifest = receiving_->offer.manifest] {
        auto install = std::make_shared<Result<uint64_t>>(machine_.install_begin(manifest));
        on_loop([this, transfer, install] { begun(transfer, *install); });
      });
}

void Transfers::begun(uint64_t transfer, const Result<uint64_t>& install) {
  if (!receiving_ || receiving_->offer.transfer != transfer) {
    if (install) thread_.post([this, handle = *install] { machine_.install_abort(handle); });
    return;
  }
  if (!install) return give_up(install.error(), true);
  receiving_->install = *install;
  ask_what_is_wanted();
}

void Transfers::ask_what_is_wanted() {
  thread_.post([this, transfer = receiving_->offer.transfer, install = receiving_->install] {
    auto wanted = std::make_shared<Result<std::string>>(machine_.install_wanted(install));
    on_loop([this, transfer, wanted] {
      if (!receiving_ || receiving_->offer.transfer != transfer || receiving_->is_committing)
        return;
      auto files =
          *wanted ? parse_wanted(**wanted) : Result<std::vector<WantedFile>>(wanted->error());
      if (!files) return give_up(files.error(), true);
      receiving_->pieces.emplace(transfer, std::move(*files));
      ask_more();
      maybe_commit();
    });
  });
}

void Transfers::ask_more() {
  if (!receiving_ || !receiving_->pieces || receiving_->is_committing) return;
  for (auto& ask : receiving_->pieces->asks(node_.now())) {
    node_.send(receiving_->from, std::move(ask));
  }
}

void Transfers::chunk(NodeKey from, CheckpointChunk chunk) {
  if (!receiving_ || receiving_->from != from || !receiving_->pieces) return;
  for (auto& write : receiving_->pieces->receive(std::move(chunk), node_.now())) {
    ++receiving_->writes_under_way;
    thread_.post([this, transfer = receiving_->offer.transfer, install = receiving_->install,
                  write = std::move(write)] {
      const Status status = machine_.install_write(install, write.file, write.offset, write.bytes);
      on_loop([this, transfer, status] {
        if (!receiving_ || receiving_->offer.transfer != transfer) return;
        --receiving_->writes_under_way;
        if (!status.is_ok()) return give_up(status, true);
        maybe_commit();
      });
    });
  }
  ask_more();
}

void Transfers::maybe_commit() {
  if (!receiving_ || receiving_->is_committing || !receiving_->pieces ||
      !receiving_->pieces->is_complete() || receiving_->writes_under_way != 0) {
    return;
  }
  if (!node_.replica.accepts_checkpoint(receiving_->offer)) {
    return give_up(Status(StatusCode::CONFLICT, "the checkpoint came too late"), true);
  }
  receiving_->is_committing = true;
  const uint64_t sequence = node_.replica.begin_install(receiving_->offer, node_.actions());
  node_.when_durable(sequence, [this, install = receiving_->install] {
    // Behind everything that was handed out to be applied.
    node_.applies.run([this, install] {
      const Status status = machine_.install_commit(install);
      on_loop([this, status] { committed(status); });
    });
  });
}

void Transfers::committed(const Status& status) {
  const Receiving done = std::move(*receiving_);
  receiving_.reset();
  node_.send(done.from, CheckpointEnd{done.offer.transfer, status});
  if (!status.is_ok()) {
    log_.error("install of a checkpoint: " + status.message());
    return node_.replica.abandon_install(node_.actions());
  }
  ++received_;
  node_.replica.finish_install(node_.now(), node_.actions());
}

void Transfers::give_up(const Status& why, bool tells_peer) {
  const Receiving lost = std::move(*receiving_);
  receiving_.reset();
  log_.warning("checkpoint from " + node_.replica.name_of(lost.from) +
               " given up: " + why.message());
  if (tells_peer) node_.send(lost.from, CheckpointEnd{lost.offer.transfer, why});
  if (lost.install != 0) {
    thread_.post([this, install = lost.install] { machine_.install_abort(install); });
  }
}

// ---- time and the end

void Transfers::tick() {
  const Nanos now = node_.now();
  const double elapsed = refilled_ == 0 ? 0 : static_cast<double>(now - refilled_) / 1e9;
  refilled_ = now;
  const auto rate = static_cast<double>(bytes_per_second_);
  tokens_ = std::min(tokens_ + elapsed * rate, rate / 10 + kLargestPiece);
  std::vector<NodeKey> stale;
  for (auto& [peer, sending] : sending_) {
    if (sending.checkpoint) serve_asks(peer, sending);
    if (now - sending.last_asked > kGiveUpAfter) stale.push_back(peer);
  }
  for (const NodeKey peer : stale) end_sending(peer);
  ask_more();
  const bool is_stuck = receiving_ && receiving_->pieces && !receiving_->is_committing &&
                        now - receiving_->pieces->last_progress() > kGiveUpAfter;
  if (is_stuck) give_up(Status(StatusCode::DEADLINE_EXCEEDED, "nothing came for 30 s"), true);
}

void Transfers::stop() {
  for (auto& [peer, sending] : sending_) {
    if (!sending.checkpoint) continue;
    thread_.post(
        [this, handle = sending.checkpoint->handle] { machine_.checkpoint_close(handle); });
  }
  sending_.clear();
  thread_.stop();
}

}  // namespace kvhost::leader_follower
