// The C tables of each kind, filled for one C++ class. Every thunk is noexcept with a catch-all.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "kvhost/abi/plugin.h"
#include "kvhost/compaction.hpp"
#include "kvhost/config.hpp"
#include "kvhost/context.hpp"
#include "kvhost/detail/boundary.hpp"
#include "kvhost/exporter.hpp"
#include "kvhost/replication.hpp"
#include "kvhost/transport.hpp"

namespace kvhost::detail {

inline Deadline to_deadline(uint64_t deadline_ns) {
  return deadline_ns == 0 ? Deadline::max()
                          : Deadline(std::chrono::nanoseconds(static_cast<int64_t>(deadline_ns)));
}

// An instance behind the void* that the host holds.
template <typename T>
struct Instance {
  Context context;
  std::unique_ptr<T> object;
  static T& of(void* self) { return *static_cast<Instance*>(self)->object; }
};

template <typename T>
int32_t create(const kvh_host* host, const kvh_config* config, void** self,
               kvh_error* error) noexcept {
  return guarded(error, "create", [&]() -> int32_t {
    auto instance = std::make_unique<Instance<T>>(Instance<T>{Context(host), nullptr});
    auto made = T::create(instance->context, Config(config));
    if (!made) return write_status(error, made.error());
    if (*made == nullptr) {
      return write_error(error, KVH_PLUGIN_ERROR, "create made nothing, and no error either");
    }
    instance->object = std::move(*made);
    *self = instance.release();
    return KVH_OK;
  });
}

// For slots that cannot report: the words of a throw go to the component's log.
template <typename T, typename Body>
void logged(void* self, const char* where, Body&& body) noexcept {
  kvh_error error = make_error();
  const int32_t code = guarded(&error, where, [&]() -> int32_t {
    body();
    return KVH_OK;
  });
  if (code == KVH_OK) return;
  swallowed([&] {
    static_cast<Instance<T>*>(self)->context.log().error({error.text, error.text_size});
  });
}

template <typename T>
void destroy(void* self) noexcept {
  swallowed([&] { delete static_cast<Instance<T>*>(self); });
}

template <typename T>
int32_t start(void* self, kvh_error* error) noexcept {
  return guarded(error, "start",
                 [&] { return write_status(error, Instance<T>::of(self).start()); });
}

template <typename T>
int32_t drain(void* self, uint64_t deadline_ns, kvh_done done) noexcept {
  kvh_error error = make_error();
  const int32_t code = guarded(&error, "drain", [&]() -> int32_t {
    Instance<T>::of(self).drain(to_deadline(deadline_ns),
                                [done] { done.fn(done.ctx, KVH_OK, nullptr); });
    return KVH_PENDING;
  });
  // Only `done` takes words along.
  if (code != KVH_PENDING) done.fn(done.ctx, code, &error);
  return KVH_PENDING;
}

template <typename T>
void stop(void* self, uint64_t deadline_ns) noexcept {
  logged<T>(self, "stop", [&] { Instance<T>::of(self).stop(to_deadline(deadline_ns)); });
}

template <typename T>
int32_t reconfigure(void* self, const kvh_config* config, kvh_error* error) noexcept {
  return guarded(error, "reconfigure", [&] {
    return write_status(error, Instance<T>::of(self).reconfigure(Config(config)));
  });
}

template <typename T>
int32_t addresses(void* self, kvh_bytes_sink sink) noexcept {
  return guarded(nullptr, "addresses", [&]() -> int32_t {
    for (const auto& address : Instance<T>::of(self).addresses()) send(sink, address);
    return KVH_OK;
  });
}

// ---- compaction

// An owned TreeView made from the C form, whatever strides the host uses.
class TreeCopy {
 public:
  explicit TreeCopy(const kvh_tree& tree) {
    files_.resize(tree.run_count);
    for (uint64_t r = 0; r < tree.run_count; ++r) {
      const kvh_run& run = strided(tree.runs, tree.run_stride, r);
      files_[r].reserve(run.file_count);
      for (uint64_t f = 0; f < run.file_count; ++f) {
        files_[r].push_back(to_file(strided(run.files, run.file_stride, f)));
      }
      runs_.push_back({run.id, run.level, run.bytes, files_[r]});
    }
    view_.now_ms = tree.now_ms;
    view_.runs = runs_;
    view_.snapshots = {tree.snapshots, tree.snapshot_count};
    view_.last_sequence = tree.last_sequence;
    view_.memtable_bytes = tree.memtable_bytes;
    view_.write_bytes_per_s = tree.write_bytes_per_s;
    view_.total_bytes = tree.total_bytes;
    view_.free_bytes = tree.free_bytes;
    view_.max_workers = tree.max_workers;
    view_.idle_workers = tree.idle_workers;
    view_.policy_state = to_view(tree.policy_state);
  }
  const TreeView& view() const { return view_; }

 private:
  static FileView to_file(const kvh_file& file) {
    FileView view;
    view.id = file.id;
    view.identity[0] = file.identity[0];
    view.identity[1] = file.identity[1];
    view.bytes = file.bytes;
    view.smallest_key = to_view(file.smallest_key);
    view.largest_key = to_view(file.largest_key);
    view.min_sequence = file.min_sequence;
    view.max_sequence = file.max_sequence;
    view.entries = file.entries;
    view.tombstones = file.tombstones;
    view.range_deletes = file.range_deletes;
    view.ttl_entries = file.ttl_entries;
    view.min_expires_at_ms = file.min_expires_at_ms;
    view.max_expires_at_ms = file.max_expires_at_ms;
    view.created_at_ms = file.created_at_ms;
    view.estimated_garbage_bytes = file.estimated_garbage_bytes;
    view.read_touches = file.read_touches;
    view.busy = (file.flags & KVH_FILE_BUSY) != 0;
    return view;
  }
  std::vector<std::vector<FileView>> files_;
  std::vector<RunView> runs_;
  TreeView view_;
};

inline kvh_job to_abi(const Job& job) {
  kvh_job raw{};
  raw.size = sizeof(kvh_job);
  raw.type = static_cast<uint32_t>(job.type);
  raw.inputs = job.inputs.data();
  raw.input_count = job.inputs.size();
  raw.clip_start = to_bytes(job.clip_start);
  raw.clip_end = to_bytes(job.clip_end);
  raw.target_level = job.target_level;
  raw.priority = job.priority;
  raw.target_run = job.target_run;
  raw.split_file_bytes = job.split_file_bytes;
  raw.split_overlap_bytes = job.split_overlap_bytes;
  raw.split_window_ms = job.split_window_ms;
  raw.codec = static_cast<uint32_t>(job.codec);
  raw.bits_per_key = job.bits_per_key;
  raw.blob_threshold = job.blob_threshold;
  raw.policy_state = to_bytes(job.policy_state);
  raw.reason = to_bytes(job.reason);
  return raw;
}

template <typename T>
struct CompactionThunks {
  static int32_t plan(void* self, const kvh_tree* tree, const kvh_event* events, uint64_t count,
                      uint64_t stride, uint64_t deadline_ns, kvh_job_sink jobs,
                      kvh_error* error) noexcept {
    return guarded(error, "plan", [&]() -> int32_t {
      const TreeCopy copy(*tree);
      std::vector<TreeEvent> list;
      for (uint64_t i = 0; i < count; ++i) {
        const kvh_event& event = strided(events, stride, i);
        list.push_back({static_cast<TreeEventType>(event.type), event.file_id, to_view(event.start),
                        to_view(event.end)});
      }
      auto decided = Instance<T>::of(self).plan(copy.view(), list, to_deadline(deadline_ns));
      if (!decided) return write_status(error, decided.error());
      for (const Job& job : decided->jobs) {
        const kvh_job raw = to_abi(job);
        if (jobs.fn(jobs.ctx, &raw) != 0) break;
      }
      return KVH_OK;
    });
  }
  static int32_t pressure(void* self, const kvh_tree* tree, kvh_pressure* out,
                          kvh_error* error) noexcept {
    return guarded(error, "pressure", [&]() -> int32_t {
      const Pressure pressure = Instance<T>::of(self).pressure(TreeCopy(*tree).view());
      out->pending_bytes = pressure.pending_bytes;
      out->urgency = pressure.urgency;
      return KVH_OK;
    });
  }
  static void job_done(void* self, const kvh_job_report* report) noexcept {
    logged<T>(self, "job_done", [&] {
      JobReport copy;
      copy.type = static_cast<JobType>(report->type);
      if (report->status != KVH_OK) {
        copy.status =
            Status(static_cast<StatusCode>(report->status), std::string(to_view(report->message)));
      }
      copy.bytes_read = report->bytes_read;
      copy.bytes_written = report->bytes_written;
      copy.entries_in = report->entries_in;
      copy.entries_out = report->entries_out;
      copy.duration = std::chrono::nanoseconds(report->duration_ns);
      Instance<T>::of(self).job_done(copy);
    });
  }
  static constexpr kvh_compaction kTable = {sizeof(kvh_compaction), 0, &plan, &pressure, &job_done};
};

// ---- transport

template <typename T>
struct TransportThunks {
  static int32_t info(void* self, kvh_bytes_sink sink) noexcept {
    return guarded(nullptr, "info", [&]() -> int32_t {
      send(sink, Instance<T>::of(self).info());
      return KVH_OK;
    });
  }
  static constexpr kvh_transport kTable = {sizeof(kvh_transport), 0, &addresses<T>, &info};
};

// ---- exporter

template <typename T>
struct ExporterThunks {
  static int32_t attach(void* self, const kvh_registry* registry, kvh_error* error) noexcept {
    return guarded(error, "attach", [&] {
      return write_status(error, Instance<T>::of(self).attach(Registry(registry)));
    });
  }
  static constexpr kvh_exporter kTable = {sizeof(kvh_exporter), 0, &attach, &addresses<T>};
};

// ---- replication

template <typename T>
struct ReplicationThunks {
  static uint64_t traits(void* self) noexcept {
    uint64_t value = 0;
    logged<T>(self, "traits", [&] { value = Instance<T>::of(self).traits(); });
    return value;
  }
  static int32_t attach(void* self, const kvh_state_machine* state_machine,
                        kvh_error* error) noexcept {
    return guarded(error, "attach", [&] {
      return write_status(error, Instance<T>::of(self).attach(StateMachine(state_machine)));
    });
  }
  static int32_t propose(void* self, const kvh_call* call, const kvh_bytes* batches, uint64_t count,
                         kvh_results_sink sink, kvh_done done, kvh_error* error) noexcept {
    return guarded(error, "propose", [&]() -> int32_t {
      std::vector<std::string_view> views;
      views.reserve(count);
      for (uint64_t i = 0; i < count; ++i) views.push_back(to_view(batches[i]));
      Instance<T>::of(self).propose(*call, views, ProposalDone(sink, done));
      return KVH_PENDING;
    });
  }
  static int32_t read_barrier(void* self, const kvh_call* call, kvh_barrier_sink sink,
                              kvh_done done, kvh_error* error) noexcept {
    return guarded(error, "read_barrier", [&]() -> int32_t {
      Instance<T>::of(self).read_barrier(*call, BarrierDone(sink, done));
      return KVH_PENDING;
    });
  }
  static int32_t leader_hint(void* self, kvh_bytes_sink sink) noexcept {
    return guarded(nullptr, "leader_hint", [&]() -> int32_t {
      if (const auto hint = Instance<T>::of(self).leader_hint()) send(sink, *hint);
      return KVH_OK;
    });
  }
  static int32_t status(void* self, kvh_bytes_sink sink) noexcept {
    return guarded(nullptr, "status", [&]() -> int32_t {
      send(sink, Instance<T>::of(self).status());
      return KVH_OK;
    });
  }
  static int32_t command(void* self, const kvh_call* call, kvh_bytes name, kvh_bytes arguments,
                         kvh_bytes_sink sink, kvh_done done, kvh_error* error) noexcept {
    return guarded(error, "command", [&]() -> int32_t {
      if constexpr (!std::is_same_v<decltype(&T::run_command),
                                    decltype(&Replication::run_command)>) {
        Instance<T>::of(self).run_command(*call, to_view(name), to_view(arguments),
                                          CommandDone(sink, done));
        return KVH_PENDING;
      }
      auto answer = Instance<T>::of(self).command(to_view(name), to_view(arguments));
      if (!answer) return write_status(error, answer.error());
      send(sink, *answer);
      return KVH_OK;
    });
  }
  static constexpr kvh_replication kTable = {sizeof(kvh_replication),
                                             0,
                                             &traits,
                                             &attach,
                                             &propose,
                                             &read_barrier,
                                             &leader_hint,
                                             &status,
                                             &command};
};

}  // namespace kvhost::detail
