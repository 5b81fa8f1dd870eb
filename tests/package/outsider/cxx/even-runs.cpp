// A compaction policy: merges the pair of neighbouring runs whose sizes differ least, as long as
// there are more runs than it is told to keep.
#include <kvhost/plugin.hpp>
#include <string>
#include <vector>

namespace {

class EvenRuns final : public kvhost::CompactionPolicy {
 public:
  static constexpr auto kOptions = kvhost::options(
      kvhost::integer("keep", 6).min(1).max(100).unit("runs").doc("so many runs are left alone"),
      kvhost::size("small", "64KiB")
          .min("1KiB")
          .max("1GiB")
          .reloadable()
          .doc("runs below this size count as equally small"),
      kvhost::number("haste", "0.5").min("0").max("1").doc("0 = never urgent, 1 = always"),
      kvhost::choice("order", "young", "young", "old").doc("which of two equal pairs is merged"),
      kvhost::boolean("talk", false).doc("logs every decision"));

  static kvhost::Result<std::unique_ptr<EvenRuns>> create(kvhost::Context& context,
                                                          const kvhost::Config& config) {
    auto made = std::make_unique<EvenRuns>();
    made->log_ = context.log();
    made->decisions_ =
        context.metrics().counter("kvhost_even_runs_decisions_total", "jobs asked for").series();
    made->keep_ = static_cast<std::size_t>(config.integer("keep"));
    made->small_ = config.bytes("small");
    made->haste_ = config.number("haste");
    made->prefers_old_ = config.string("order") == "old";
    made->talks_ = config.boolean("talk");
    if (made->haste_ == 1 && made->keep_ == 1) {
      return config.fail("haste", "must be below 1 where keep is 1");
    }
    return made;
  }

  kvhost::Result<kvhost::Plan> plan(const kvhost::TreeView& tree,
                                    std::span<const kvhost::TreeEvent> events,
                                    kvhost::Deadline) override {
    kvhost::Plan plan;
    for (const auto& event : events) {
      if (event.type == kvhost::TreeEventType::kManual) is_asked_ = true;
    }
    const std::size_t keep = is_asked_ ? 1 : keep_;
    if (tree.runs.size() <= keep) {
      is_asked_ = false;
      return plan;
    }
    std::size_t best = tree.runs.size();
    uint64_t least = UINT64_MAX;
    for (std::size_t i = 0; i + 1 < tree.runs.size(); ++i) {
      if (is_busy(tree.runs[i]) || is_busy(tree.runs[i + 1])) continue;
      const uint64_t gap = difference(tree.runs[i].bytes, tree.runs[i + 1].bytes);
      if (gap < least || (gap == least && prefers_old_)) {
        least = gap;
        best = i;
      }
    }
    if (best == tree.runs.size()) return plan;
    kvhost::Job& job = plan.jobs.emplace_back();
    job.target_level = tree.runs[best + 1].level;
    for (std::size_t i = best; i < best + 2; ++i) {
      for (const auto& file : tree.runs[i].files) job.inputs.push_back(file.id);
    }
    job.reason = "runs " + std::to_string(best) + " and the next differ by " +
                 std::to_string(least) + " bytes";
    decisions_.add();
    if (talks_) log_.info(job.reason);
    return plan;
  }

  kvhost::Pressure pressure(const kvhost::TreeView& tree) override {
    if (tree.runs.size() <= keep_) return {};
    const double over = static_cast<double>(tree.runs.size() - keep_);
    return {tree.total_bytes / 2, static_cast<uint64_t>(std::min(1000.0, over * haste_ * 100))};
  }

 private:
  static bool is_busy(const kvhost::RunView& run) {
    for (const auto& file : run.files) {
      if (file.busy) return true;
    }
    return false;
  }
  uint64_t difference(uint64_t a, uint64_t b) const {
    if (a < small_ && b < small_) return 0;
    return a < b ? b - a : a - b;
  }

  kvhost::Log log_;
  kvhost::Series decisions_;
  std::size_t keep_ = 0;
  uint64_t small_ = 0;
  double haste_ = 0;
  bool prefers_old_ = false;
  bool talks_ = false;
  bool is_asked_ = false;
};

}  // namespace

KVHOST_PLUGIN("net.outsider.even-runs", "0.3.1",
              kvhost::compaction<EvenRuns>("even-runs", "merges the two runs most alike"))
