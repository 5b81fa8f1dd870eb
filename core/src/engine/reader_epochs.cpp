#include "engine/reader_epochs.hpp"

namespace kvhost::engine {

// One reading thread. Slots are never freed, only handed on to later threads.
struct alignas(64) ReaderSlot {
  std::atomic<uint64_t> epoch{0};  // 0 = not reading
  std::atomic<bool> is_taken{false};
  uint32_t depth = 0;  // of the owning thread alone
  ReaderSlot* next = nullptr;
};

namespace {

std::atomic<uint64_t> global_epoch{1};
std::atomic<ReaderSlot*> all_slots{nullptr};

ReaderSlot* take_slot() {
  for (ReaderSlot* slot = all_slots.load(std::memory_order_acquire); slot != nullptr;
       slot = slot->next) {
    bool expected = false;
    if (!slot->is_taken.load(std::memory_order_relaxed) &&
        slot->is_taken.compare_exchange_strong(expected, true, std::memory_order_acq_rel)) {
      return slot;
    }
  }
  auto* slot = new ReaderSlot;  // NOLINT(*-owning-memory): lives for ever, see above
  slot->is_taken.store(true, std::memory_order_relaxed);
  slot->next = all_slots.load(std::memory_order_relaxed);
  while (!all_slots.compare_exchange_weak(slot->next, slot, std::memory_order_acq_rel)) {
  }
  return slot;
}

struct SlotOfThread {
  ReaderSlot* slot = nullptr;
  ~SlotOfThread() {
    if (slot != nullptr) slot->is_taken.store(false, std::memory_order_release);
  }
};

thread_local SlotOfThread slot_of_thread;

}  // namespace

ReaderEpochs::Guard::Guard() : slot_(slot_of_thread.slot) {
  if (slot_ == nullptr) [[unlikely]] {
    slot_ = take_slot();
    slot_of_thread.slot = slot_;
  }
  if (slot_->depth++ == 0) {
    slot_->epoch.store(global_epoch.load(std::memory_order_acquire), std::memory_order_seq_cst);
  }
}

ReaderEpochs::Guard::~Guard() {
  if (--slot_->depth == 0) slot_->epoch.store(0, std::memory_order_release);
}

uint64_t ReaderEpochs::retire() { return global_epoch.fetch_add(1, std::memory_order_seq_cst); }

bool ReaderEpochs::is_over(uint64_t epoch) {
  for (ReaderSlot* slot = all_slots.load(std::memory_order_seq_cst); slot != nullptr;
       slot = slot->next) {
    const uint64_t inside = slot->epoch.load(std::memory_order_seq_cst);
    if (inside != 0 && inside <= epoch) return false;
  }
  return true;
}

}  // namespace kvhost::engine
