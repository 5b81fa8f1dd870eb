#include "model_runner.hpp"

#include <algorithm>
#include <chrono>

#include "model_draw.hpp"

namespace kvhost::engine::testing {

void ModelRunner::run(const std::vector<Step>& steps) {
  open();
  for (std::size_t i = 0; i < steps.size(); ++i) {
    try {
      play(steps[i]);
      if (i % 64 == 63) check_everything();
    } catch (const Difference& difference) {
      throw Difference{"step " + std::to_string(i) + " (" + name_of(steps[i].kind) + " " +
                       std::to_string(steps[i].seed) + "): " + difference.what};
    }
  }
  restart();
  check_everything();
  snapshots_.clear();
}

void ModelRunner::must(const Status& status, const char* what) {
  if (status.is_ok()) return;
  if (!is_dying_) throw Difference{std::string(what) + " failed: " + status.to_string()};
  if (!disk_.is_dead())
    throw Difference{std::string(what) + " failed early: " + status.to_string()};
  cut_power();
}

void ModelRunner::cut_power() {
  disk_.crash({highest_sequence_ % 2 == 0, highest_sequence_ + 1});
  after_crash(true);
}

void ModelRunner::open() {
  Environment environment;
  environment.file_system = &disk_;
  environment.clock = &clock_;
  auto opened = Engine::open("db", options_, environment);
  if (!opened) throw Difference{"open failed: " + opened.status().to_string()};
  engine_ = std::move(*opened);
}

void ModelRunner::restart() {
  snapshots_.clear();
  const Status closed = engine_->close();
  if (!closed && is_dying_) return cut_power();
  if (!closed) throw Difference{"close failed: " + closed.to_string()};
  if (is_dying_) {
    // The machine was to die later: now it does not.
    disk_.set_crash_after(0);
    is_dying_ = false;
  }
  engine_.reset();
  promise_durable();
  open();
  check_everything();
}

void ModelRunner::promise_durable() { moments_.erase(moments_.begin(), moments_.end() - 1); }

bool ModelRunner::matches(const ModelState& state, uint64_t now_ms) {
  auto expected = state.records().begin();
  const auto skip_expired = [&] {
    while (expected != state.records().end() && !expected->second.is_live(now_ms)) ++expected;
  };
  skip_expired();
  for (const uint32_t space : kModelSpaces) {
    ReadOptions how;
    how.now_ms = now_ms;
    auto it = engine_->iterator(how, {space, "", std::nullopt});
    if (!it) throw Difference{"iterator failed: " + it.status().to_string()};
    for ((*it)->seek_to_first(); (*it)->valid(); (*it)->next()) {
      if (expected == state.records().end() || expected->first.first != space ||
          expected->first.second != (*it)->key() || expected->second.value != (*it)->value() ||
          expected->second.version != (*it)->version() ||
          expected->second.expires_at_ms != (*it)->expires_at_ms()) {
        return false;
      }
      ++expected;
      skip_expired();
    }
    if (!(*it)->status()) throw Difference{"scan failed: " + (*it)->status().to_string()};
  }
  return expected == state.records().end();
}

void ModelRunner::after_crash(bool power_was_cut) {
  snapshots_.clear();
  // Without a log a killed process loses as much as a power cut takes.
  const bool may_lose = power_was_cut || options_.wal_sync == WalSync::kOff;
  if (!may_lose) {
    const std::size_t certain = newest_is_doubtful_ ? 2 : 1;
    while (moments_.size() > certain) moments_.pop_front();
  }
  engine_.reset();
  is_dying_ = false;
  open();
  const uint64_t now_ms = engine_->now_ms();
  while (!moments_.empty() && !matches(moments_.back().state, now_ms)) moments_.pop_back();
  if (moments_.empty()) throw Difference{"after a crash the state is none that was promised"};
  promise_durable();
  newest_is_doubtful_ = false;
  const uint64_t sequence = engine_->last_sequence();
  // Without a log the strategy replays, and numbers come again with the same batches.
  if (sequence < highest_sequence_ && options_.wal_sync != WalSync::kOff) {
    throw Difference{"numbers went back: " + std::to_string(sequence) + " after " +
                     std::to_string(highest_sequence_)};
  }
  highest_sequence_ = sequence;
  check_everything();
}

void ModelRunner::write(const WriteBatch& batch, const WriteOptions& how) {
  const uint64_t before = engine_->last_sequence();
  const uint64_t stamp = std::max(engine_->now_ms(), clock_.wall_ms());
  const auto result = engine_->write(how, batch);
  Moment next = moments_.back();
  if (!result) {
    if (!is_dying_) throw Difference{"write failed: " + result.status().to_string()};
    next.state.apply(batch, stamp, before);
    moments_.push_back(std::move(next));
    newest_is_doubtful_ = true;
    return cut_power();
  }
  const ModelState::Outcome expected = next.state.apply(batch, result->now_ms, before);
  check_outcome(*result, expected);
  highest_sequence_ = engine_->last_sequence();
  moments_.push_back(std::move(next));
  if (how.sync && options_.wal_sync != WalSync::kOff) promise_durable();
  if (options_.wal_sync == WalSync::kAlways) promise_durable();
}

void ModelRunner::check_outcome(const WriteResult& seen, const ModelState::Outcome& expected) {
  if (seen.outcome.code() != expected.code) {
    throw Difference{"the outcome is " + seen.outcome.to_string()};
  }
  if (seen.failed.size() != expected.failed.size() || seen.ops.size() != expected.ops.size()) {
    throw Difference{"the result has another shape"};
  }
  for (std::size_t i = 0; i < seen.failed.size(); ++i) {
    if (seen.failed[i].index != expected.failed[i]) throw Difference{"another condition failed"};
  }
  for (std::size_t i = 0; i < seen.ops.size(); ++i) {
    const bool asks = expected.ops[i].existed == seen.ops[i].existed;
    if (!asks || seen.ops[i].number != expected.ops[i].number ||
        seen.ops[i].version != expected.ops[i].version) {
      throw Difference{"operation " + std::to_string(i) + " has another result"};
    }
  }
}

std::optional<std::string> run_steps(const Options& options, const std::vector<Step>& steps) {
  ModelRunner runner(options);
  try {
    runner.run(steps);
  } catch (const ModelRunner::Difference& difference) {
    return difference.what;
  }
  return std::nullopt;
}

std::vector<Step> shrink(const Options& options, std::vector<Step> steps, int seconds) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  for (std::size_t chunk = steps.size() / 2; chunk > 0; chunk /= 2) {
    for (std::size_t at = 0; at < steps.size();) {
      if (std::chrono::steady_clock::now() >= until) return steps;
      std::vector<Step> fewer(steps.begin(), steps.begin() + static_cast<std::ptrdiff_t>(at));
      const std::size_t end = std::min(steps.size(), at + chunk);
      fewer.insert(fewer.end(), steps.begin() + static_cast<std::ptrdiff_t>(end), steps.end());
      if (run_steps(options, fewer)) {
        steps = std::move(fewer);
      } else {
        at = end;
      }
    }
  }
  return steps;
}

}  // namespace kvhost::engine::testing
