// What each step does, and what it compares.
#include <algorithm>

#include "model_draw.hpp"
#include "model_runner.hpp"

namespace kvhost::engine::testing {

void ModelRunner::play(const Step& step) {
  Random random(step.seed);
  WriteBatch batch;
  WriteOptions how;
  switch (step.kind) {
    case StepKind::kPut:
      batch.put(draw_space(random), draw_key(random), draw_value(random));
      return write(batch, how);
    case StepKind::kPutExpiring:
      batch.put(draw_space(random), draw_key(random), draw_value(random),
                Expiry::after_ms(1 + random.below(2000)));
      return write(batch, how);
    case StepKind::kErase:
      batch.erase(draw_space(random), draw_key(random), random.one_in(2) ? kWantExisted : 0);
      return write(batch, how);
    case StepKind::kEraseRange: {
      const std::string start = draw_key(random);
      const std::string end = draw_key(random);
      batch.erase_range(draw_space(random), start, end);
      return write(batch, how);
    }
    case StepKind::kBatch:
      for (uint64_t i = 1 + random.below(8); i > 0; --i) draw_op(random, batch);
      if (random.one_in(4)) {
        batch.put(draw_space(random), draw_key(random), "answers: ", {}, kAppendAnswers);
      }
      how.sync = random.one_in(5);
      return write(batch, how);
    case StepKind::kConditional: {
      for (uint64_t i = 1 + random.below(2); i > 0; --i) {
        const uint32_t space = draw_space(random);
        const std::string key = draw_key(random);
        const auto current = engine_->get({}, space, key);
        if (!current) return must(current.status(), "get");
        draw_condition(random, *current, space, key, batch);
      }
      draw_op(random, batch);
      return write(batch, how);
    }
    case StepKind::kIncrement:
      batch.increment(0, "n" + std::to_string(random.below(3)),
                      static_cast<int64_t>(random.below(100)) - 50);
      return write(batch, how);
    case StepKind::kGet:
      return check_get(step.seed);
    case StepKind::kMultiGet:
      return check_multi_get(step.seed);
    case StepKind::kScan:
    case StepKind::kScanBack:
      return check_scan(step.seed, step.kind == StepKind::kScanBack, nullptr, now());
    case StepKind::kZigzag:
      return check_zigzag(step.seed);
    case StepKind::kSnapshotTake:
      if (snapshots_.size() < 5) snapshots_.push_back({engine_->snapshot(), now()});
      return;
    case StepKind::kSnapshotCheck:
      if (snapshots_.empty()) return;
      {
        const HeldSnapshot& one = snapshots_[random.below(snapshots_.size())];
        return check_scan(random.next(), random.one_in(2), one.held.get(), one.state);
      }
    case StepKind::kSnapshotRelease:
      if (!snapshots_.empty()) {
        snapshots_.erase(snapshots_.begin() +
                         static_cast<std::ptrdiff_t>(random.below(snapshots_.size())));
      }
      return;
    case StepKind::kTime:
      return clock_.advance_ms(random.below(800));
    case StepKind::kFlush: {
      const Status flushed = engine_->flush();
      if (flushed.is_ok()) promise_durable();
      return must(flushed, "flush");
    }
    case StepKind::kCompact:
      return must(engine_->compact(std::nullopt), "compact");
    case StepKind::kCompactRange:
      return must(engine_->compact(draw_range(random)), "compact");
    case StepKind::kPolicy:
      return engine_->set_policy(policies_(step.seed), "drawn");
    case StepKind::kCheckpoint: {
      const std::string copy = "copy" + std::to_string(++copies_);
      const Status made = engine_->checkpoint(copy);
      if (made.is_ok() && !is_dying_) return check_copy(copy);
      return must(made, "checkpoint");
    }
    case StepKind::kSync: {
      const Status synced = engine_->sync_wal();
      if (synced.is_ok() && options_.wal_sync != WalSync::kOff) promise_durable();
      return must(synced, "sync");
    }
    case StepKind::kRestart:
      return restart();
    case StepKind::kKill:
      snapshots_.clear();
      if (is_dying_) disk_.set_crash_after(0);
      disk_.kill_process();
      return after_crash(false);
    case StepKind::kPowerCut:
      snapshots_.clear();
      disk_.crash({random.one_in(2), step.seed});
      return after_crash(true);
    case StepKind::kDieSoon:
      disk_.set_crash_after(1 + random.below(60), step.seed);
      is_dying_ = true;
      return;
  }
}

void ModelRunner::check_get(uint64_t seed) {
  Random random(seed);
  const uint32_t space = draw_space(random);
  const std::string key = draw_key(random);
  ReadOptions how;
  how.now_ms = engine_->now_ms();
  const auto seen = engine_->get(how, space, key);
  if (!seen) return must(seen.status(), "get");
  const ModelRecord* const expected = now().find(space, key, how.now_ms);
  if (seen->found() != (expected != nullptr)) {
    throw Difference{std::string("get finds ") + (seen->found() ? "too much" : "nothing")};
  }
  if (expected == nullptr) return;
  if (seen->value.view() != expected->value || seen->version != expected->version ||
      seen->expires_at_ms != expected->expires_at_ms) {
    throw Difference{"get finds version " + std::to_string(seen->version) + ", expected " +
                     std::to_string(expected->version)};
  }
}

void ModelRunner::check_multi_get(uint64_t seed) {
  Random random(seed);
  std::vector<std::string> keys;
  std::vector<uint32_t> spaces;
  for (int i = 0; i < 12; ++i) {
    keys.push_back(draw_key(random));
    spaces.push_back(draw_space(random));
  }
  std::vector<KeyRef> refs;
  for (std::size_t i = 0; i < keys.size(); ++i) refs.push_back({spaces[i], keys[i]});
  ReadOptions how;
  how.now_ms = engine_->now_ms();
  const auto seen = engine_->multi_get(how, refs);
  if (!seen) return must(seen.status(), "multi_get");
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const ModelRecord* const expected = now().find(spaces[i], keys[i], how.now_ms);
    const GetResult& one = (*seen)[i];
    if (one.found() != (expected != nullptr) ||
        (expected != nullptr && one.version != expected->version)) {
      throw Difference{"multi_get differs at " + std::to_string(i)};
    }
  }
}

void ModelRunner::check_scan(uint64_t seed, bool back, const Snapshot* snapshot,
                             const ModelState& state) {
  Random random(seed);
  const Range range = draw_range(random);
  ReadOptions how;
  how.snapshot = snapshot;
  how.now_ms = engine_->now_ms();
  auto made = engine_->iterator(how, range);
  if (!made) return must(made.status(), "iterator");
  Iterator& it = **made;
  std::vector<std::pair<std::string, uint64_t>> expected;
  for (const auto& [key, record] : state.records()) {
    if (key.first == range.space && key.second >= range.start &&
        (!range.end || key.second < *range.end) && record.is_live(how.now_ms)) {
      expected.emplace_back(key.second, record.version);
    }
  }
  if (back) std::reverse(expected.begin(), expected.end());
  std::size_t at = 0;
  for (back ? it.seek_to_last() : it.seek_to_first(); it.valid(); back ? it.prev() : it.next()) {
    if (at == expected.size() || it.key() != expected[at].first ||
        it.version() != expected[at].second) {
      throw Difference{"the scan differs at row " + std::to_string(at) + ", version " +
                       std::to_string(it.version())};
    }
    ++at;
  }
  const Status ended = it.status();
  made->reset();
  if (!ended) return must(ended, "scan");
  if (at != expected.size()) throw Difference{"the scan ends early, at row " + std::to_string(at)};
}

void ModelRunner::check_zigzag(uint64_t seed) {
  Random random(seed);
  ReadOptions how;
  how.now_ms = engine_->now_ms();
  auto made = engine_->iterator(how, {0, "", std::nullopt});
  if (!made) return must(made.status(), "iterator");
  Iterator& it = **made;
  std::map<std::string, uint64_t> expected;
  for (const auto& [key, record] : now().records()) {
    if (key.first == 0 && record.is_live(how.now_ms)) expected[key.second] = record.version;
  }
  auto at = expected.end();
  for (int move = 0; move < 30; ++move) {
    const std::string key = draw_key(random);
    const uint64_t kind = random.below(6);
    if (kind == 0) {
      it.seek(key);
      at = expected.lower_bound(key);
    } else if (kind == 1) {
      it.seek_for_prev(key);
      at = expected.upper_bound(key);
      at = at == expected.begin() ? expected.end() : std::prev(at);
    } else if (at != expected.end() && kind < 4) {
      it.next();
      ++at;
    } else if (at != expected.end()) {
      it.prev();
      at = at == expected.begin() ? expected.end() : std::prev(at);
    }
    if (const Status ended = it.status(); !ended) {
      made->reset();
      return must(ended, "iterator");
    }
    if (it.valid() != (at != expected.end()) ||
        (it.valid() && (it.key() != at->first || it.version() != at->second))) {
      throw Difference{"the iterator stands elsewhere after move " + std::to_string(move)};
    }
  }
}

void ModelRunner::check_everything() {
  if (is_dying_) return;
  if (!matches(now(), engine_->now_ms())) throw Difference{"the whole state differs"};
}

void ModelRunner::check_copy(const std::string& directory) {
  promise_durable();
  Environment environment;
  environment.file_system = &disk_;
  environment.clock = &clock_;
  auto copy = Engine::open(directory, options_, environment);
  if (!copy) throw Difference{"the checkpoint does not open: " + copy.status().to_string()};
  std::swap(engine_, *copy);
  const bool is_same = matches(now(), (*copy)->now_ms());
  std::swap(engine_, *copy);
  if (!is_same) throw Difference{"the checkpoint holds another state"};
}

}  // namespace kvhost::engine::testing
