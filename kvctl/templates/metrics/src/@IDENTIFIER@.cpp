#include "@IDENTIFIER@.hpp"

#include <cstdio>
#include <fstream>
#include <kvhost/exposition.hpp>
#include <mutex>
#include <optional>

// The timer's thread must not wait for a file: it hands over to the executor, and what runs there
// sets the next timer.
class @CLASS@::Writer : public std::enable_shared_from_this<Writer> {
 public:
  Writer(kvhost::Context& context, std::string file, std::chrono::nanoseconds interval)
      : log_(context.log()),
        timer_(context.timer()),
        executor_(context.executor()),
        file_(std::move(file)),
        interval_(interval) {}

  void begin(kvhost::Registry registry) {
    const std::lock_guard lock(mutex_);
    registry_ = registry;
    set_timer();
  }
  // After the return nothing is written, and the registry is not touched.
  void end() {
    std::unique_lock lock(mutex_);
    registry_.reset();
    const uint64_t last = timer_id_;
    lock.unlock();
    if (last != 0) timer_.cancel(last);
  }

 private:
  void set_timer() {
    timer_id_ = timer_.after(
        interval_, [](void* self) noexcept { static_cast<Writer*>(self)->hand_over(); }, this);
  }
  void hand_over() {
    const auto posted = executor_.post(KVH_LANE_BACKGROUND, [self = shared_from_this()] {
      const std::lock_guard lock(self->mutex_);
      if (!self->registry_) return;
      self->write();
      self->set_timer();
    });
    if (posted.is_ok()) return;
    const std::lock_guard lock(mutex_);
    if (registry_) set_timer();
  }
  // By a rename, so that nobody reads half a file.
  void write() {
    const auto text = kvhost::exposition_text(*registry_);
    if (!text) return log_.warning("metrics cannot be collected: " + text.error().message());
    const std::string draft = file_ + ".new";
    std::ofstream out(draft, std::ios::binary | std::ios::trunc);
    out << *text;
    out.close();
    if (!out || std::rename(draft.c_str(), file_.c_str()) != 0) {
      log_.warning(file_ + ": cannot be written");
    }
  }

  const kvhost::Log log_;
  const kvhost::Timer timer_;
  const kvhost::Executor executor_;
  const std::string file_;
  const std::chrono::nanoseconds interval_;

  std::mutex mutex_;
  std::optional<kvhost::Registry> registry_;  // from begin() until end()
  uint64_t timer_id_ = 0;
};

kvhost::Result<std::unique_ptr<@CLASS@>> @CLASS@::create(kvhost::Context& context,
                                                        const kvhost::Config& config) {
  if (!context.timer() || !context.executor()) {
    return kvhost::Status(kvhost::StatusCode::NOT_SUPPORTED, "the host has no timer or executor");
  }
  return std::make_unique<@CLASS@>(context, config.string("file"), config.duration("interval"));
}

@CLASS@::@CLASS@(kvhost::Context& context, const std::string& file,
                 std::chrono::nanoseconds interval)
    : writer_(std::make_shared<Writer>(context, file, interval)) {}

kvhost::Status @CLASS@::attach(kvhost::Registry registry) {
  writer_->begin(registry);
  return {};
}

void @CLASS@::stop(kvhost::Deadline) { writer_->end(); }
