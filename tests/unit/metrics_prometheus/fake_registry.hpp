// A kvh_registry of three families, as the host's would show them.
//
// Threads:   collect any; the setters before use.
#pragma once

#include <array>
#include <atomic>
#include <vector>

#include "kvhost/exporter.hpp"

namespace kvhost::testing {

class FakeRegistry {
 public:
  FakeRegistry() {
    registry_ = {sizeof(kvh_registry), 0, this,
                 [](void* self, kvh_family_sink sink, kvh_error* error) noexcept {
                   return static_cast<FakeRegistry*>(self)->collect(sink, error);
                 }};
  }
  FakeRegistry(const FakeRegistry&) = delete;
  FakeRegistry& operator=(const FakeRegistry&) = delete;

  const kvh_registry* table() const { return &registry_; }
  std::atomic<double> puts{0};
  std::atomic<bool> broken{false};  // fails after the first family
  bool declares_bounds = true;

 private:
  static kvh_family family(uint32_t type, const char* name, const char* help) {
    kvh_family out{};
    out.size = sizeof(out);
    out.info.size = sizeof(out.info);
    out.info.type = type;
    out.info.name = detail::to_bytes(name);
    out.info.help = detail::to_bytes(help);
    out.sample_stride = sizeof(kvh_sample);
    return out;
  }

  int32_t collect(kvh_family_sink sink, kvh_error* error) const noexcept {
    histogram(sink);
    if (broken) return detail::write_error(error, KVH_INTERNAL, "a gauge could not be read");
    kvh_family gauge = family(KVH_METRIC_GAUGE, "kvstore_memtable_size_bytes", "Memtable size.");
    kvh_sample size{};
    size.value = 4096;
    gauge.samples = &size;
    gauge.sample_count = 1;
    sink.fn(sink.ctx, &gauge);
    counter(sink);
    return KVH_OK;
  }

  void histogram(kvh_family_sink sink) const noexcept {
    kvh_family out = family(KVH_METRIC_HISTOGRAM, "kvhost_wal_sync_seconds", "Syncs.");
    const std::array<double, 2> bounds = {0.5, 1.5};
    const std::array<uint64_t, 3> counts = {2, 3, 4};
    if (declares_bounds) {
      out.info.buckets = bounds.data();
      out.info.bucket_count = bounds.size();
    }
    kvh_sample sample{};
    sample.bucket_counts = counts.data();
    sample.bucket_count = counts.size();
    sample.count = 9;
    sample.sum = 12.5;
    out.samples = &sample;
    out.sample_count = 1;
    sink.fn(sink.ctx, &out);
  }

  void counter(kvh_family_sink sink) const noexcept {
    kvh_family out = family(KVH_METRIC_COUNTER, "kvstore_operations_total", "Operations.");
    const kvh_bytes names[] = {detail::to_bytes("operation")};
    const kvh_bytes put[] = {detail::to_bytes("put")};
    const kvh_bytes odd[] = {detail::to_bytes("a\"b\\c\nd")};
    std::array<kvh_sample, 2> samples{};
    samples[0].label_values = put;
    samples[0].value = puts;
    samples[1].label_values = odd;
    samples[1].value = 0.5;
    out.info.label_names = names;
    out.info.label_count = 1;
    out.samples = samples.data();
    out.sample_count = samples.size();
    sink.fn(sink.ctx, &out);
  }

  kvh_registry registry_{};
};

}  // namespace kvhost::testing
