// The exporter @NAME@: writes all metrics to a file, again and again, in the text format that
// Prometheus reads (its node exporter collects such files from a folder).
//
// Threads:   attach and stop on the control thread; the file is written on the host's executor.
// Lifetime:  work that the executor still holds after stop() finds that it is over.
#pragma once

#include <chrono>
#include <kvhost/plugin.hpp>
#include <memory>
#include <string>

class @CLASS@ final : public kvhost::Exporter {
 public:
  static constexpr auto kOptions = kvhost::options(
      kvhost::file_path("file", "@NAME@.prom").doc("what is written; replaced as a whole"),
      kvhost::duration("interval", "15s").min("1s").doc("between two writes"));

  static kvhost::Result<std::unique_ptr<@CLASS@>> create(kvhost::Context& context,
                                                        const kvhost::Config& config);
  @CLASS@(kvhost::Context& context, const std::string& file, std::chrono::nanoseconds interval);

  kvhost::Status attach(kvhost::Registry registry) override;
  void stop(kvhost::Deadline deadline) override;

 private:
  class Writer;

  std::shared_ptr<Writer> writer_;  // shared with the work that is posted
};
