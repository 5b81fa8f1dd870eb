// One state of a replaceable engine, and what readers hold of it.
//
// Threads:   any.
// Lifetime:  shared: whoever holds a part of it holds all of it.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "kvhost/engine/engine.hpp"

namespace kvhost::engine {

struct HeldState {
  std::string directory;
  std::unique_ptr<Engine> engine;
};
using HeldStatePointer = std::shared_ptr<HeldState>;

class HeldSnapshot final : public Snapshot {
 public:
  explicit HeldSnapshot(HeldStatePointer state)
      : state_(std::move(state)), snapshot_(state_->engine->snapshot()) {}
  uint64_t sequence() const override { return snapshot_->sequence(); }
  const HeldStatePointer& state() const { return state_; }
  const Snapshot* inner() const { return snapshot_.get(); }

 private:
  HeldStatePointer state_;
  std::unique_ptr<Snapshot> snapshot_;
};

class HeldIterator final : public Iterator {
 public:
  HeldIterator(HeldStatePointer state, std::unique_ptr<Iterator> inner)
      : state_(std::move(state)), inner_(std::move(inner)) {}
  bool valid() const override { return inner_->valid(); }
  void seek_to_first() override { inner_->seek_to_first(); }
  void seek_to_last() override { inner_->seek_to_last(); }
  void seek(std::string_view key) override { inner_->seek(key); }
  void seek_for_prev(std::string_view key) override { inner_->seek_for_prev(key); }
  void next() override { inner_->next(); }
  void prev() override { inner_->prev(); }
  std::string_view key() const override { return inner_->key(); }
  std::string_view value() const override { return inner_->value(); }
  uint64_t version() const override { return inner_->version(); }
  uint64_t expires_at_ms() const override { return inner_->expires_at_ms(); }
  Status status() const override { return inner_->status(); }

 private:
  HeldStatePointer state_;
  std::unique_ptr<Iterator> inner_;
};

// The value of `got`, holding its state as well.
inline GetResult held(HeldStatePointer state, GetResult got) {
  if (!got.found()) return got;
  struct Pin {
    HeldStatePointer state;
    PinnedValue value;
  };
  auto pin = std::make_shared<Pin>(Pin{std::move(state), std::move(got.value)});
  const std::string_view view = pin->value.view();
  got.value = PinnedValue(view, std::move(pin));
  return got;
}

}  // namespace kvhost::engine
