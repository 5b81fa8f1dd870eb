// A policy that merges the youngest runs, with one thing wrong, as the command line says.
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <kvhost/plugin.hpp>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace {

class Unfit final : public kvhost::CompactionPolicy {
 public:
#ifdef BAD_DEFAULT
  static constexpr auto kOptions =
      kvhost::options(kvhost::choice("mood", "sad", "calm", "loud").doc("its mood"));
#endif

  static kvhost::Result<std::unique_ptr<Unfit>> create(kvhost::Context&, const kvhost::Config&) {
#ifdef CRASHES
    std::abort();
#endif
#ifdef HANGS
    for (;;) ::pause();
#endif
#ifdef LEAKS_FILES
    if (::open("/dev/null", O_RDONLY) < 0) std::abort();
#endif
    return std::make_unique<Unfit>();
  }

  kvhost::Result<kvhost::Plan> plan(const kvhost::TreeView& tree,
                                    std::span<const kvhost::TreeEvent>, kvhost::Deadline) override {
    kvhost::Plan plan;
    if (tree.runs.size() < 2) return plan;
    kvhost::Job job;
    job.reason = "there are two";
    std::size_t first = 0;
    std::size_t end = 2;
#ifdef PASSES_OLDER
    job.target_level = tree.runs.back().level;
    end = 1;
#else
    job.target_level = tree.runs[1].level;
#endif
#ifdef MOODY
    first = ++calls_ % 2;
    job.target_level = tree.runs[1].level;
#endif
    for (std::size_t r = first; r < end; ++r) {
      for (const auto& file : tree.runs[r].files) {
#ifndef TAKES_BUSY
        if (file.busy) return plan;
#endif
        job.inputs.push_back(file.id);
      }
    }
#ifdef NEVER_RESTS
    job.inputs.clear();
    for (const auto& file : tree.runs.back().files) job.inputs.push_back(file.id);
    job.target_level = tree.runs.back().level;
#endif
    plan.jobs.push_back(std::move(job));
    return plan;
  }

 private:
  [[maybe_unused]] std::size_t calls_ = 0;
};

#ifdef STARTS_WHEN_LOADED
const int kStarted = [] {
  std::thread([] { ::pause(); }).detach();
  return 1;
}();
#endif

// The table as the SDK makes it, and what a writer of tables by hand may get wrong.
[[maybe_unused]] int32_t silent_create(const kvh_host*, const kvh_config*, void**,
                                       kvh_error*) noexcept {
  return KVH_INTERNAL;
}
[[maybe_unused]] int32_t plan_without_strides(void*, const kvh_tree* tree, const kvh_event*,
                                              uint64_t, uint64_t, uint64_t, kvh_job_sink jobs,
                                              kvh_error*) noexcept {
  if (tree->run_count < 2) return KVH_OK;
  std::vector<uint64_t> ids;
  for (uint64_t r = 0; r < 2; ++r) {
    const kvh_run& run = tree->runs[r];
    if (run.file_count > 1000) return KVH_OK;
    for (uint64_t f = 0; f < run.file_count; ++f) ids.push_back(run.files[f].id);
  }
  kvh_job job{};
  job.size = sizeof(job);
  job.type = KVH_JOB_MERGE;
  job.inputs = ids.data();
  job.input_count = ids.size();
  jobs.fn(jobs.ctx, &job);
  return KVH_OK;
}

kvhost::ComponentSpec unfit() {
  auto spec = kvhost::compaction<Unfit>("unfit", "has one thing wrong");
  return spec;
}

const kvh_plugin* table() {
  static kvh_component component = [] {
    const auto spec = unfit();
    kvh_component made = spec.build(spec);
#ifdef LIES_ABOUT_SIZE
    made.size = 8;
#endif
#ifdef SILENT
    made.create = &silent_create;
#endif
#ifdef IGNORES_STRIDES
    static constexpr kvh_compaction kTable = {sizeof(kvh_compaction), 0, &plan_without_strides,
                                              nullptr, nullptr};
    made.table = &kTable;
#endif
    return made;
  }();
  static kvh_plugin plugin = [] {
    kvh_plugin made{};
    made.size = sizeof(made);
    made.abi_major = KVH_ABI_MAJOR;
    made.id = kvhost::detail::to_bytes("test.unfit");
    made.version = kvhost::detail::to_bytes("1.0.0");
    made.components = &component;
    made.component_count = 1;
    made.component_stride = sizeof(kvh_component);
    return made;
  }();
  return &plugin;
}

__attribute__((section(KVH_MANIFEST_SECTION), used)) constexpr char kManifest[] =
    "kvhost-plugin 1\nid=test.unfit\nversion=1.0.0\nabi=1.0\n"
    "component=kvhost.compaction/1 unfit\n";

}  // namespace

extern "C" KVH_EXPORT const kvh_plugin* kvhost_plugin_v1(void) {
#ifdef READS_IN_ENTRY
  const int file = ::open("/dev/null", O_RDONLY);
  if (file >= 0) ::close(file);
#endif
  return table();
}
