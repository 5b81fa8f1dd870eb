#include "server/resp_metrics.hpp"

#include "command/table.hpp"

namespace kvhost::resp {

RespMetrics::RespMetrics(const Metrics& metrics)
    : connections_(
          metrics.gauge("kvhost_resp_connections", "Open connections of the RESP transport.")
              .series()),
      errors_(metrics
                  .counter("kvhost_resp_errors_total",
                           "Commands over RESP that were answered with an error.")
                  .series()),
      durations_(
          metrics
              .histogram("kvhost_resp_command_duration_seconds",
                         "From a command's last byte to its reply being ready; commands that "
                         "are carried out together count once.")
              .series()) {
  const Family family = metrics.counter("kvhost_resp_commands_total",
                                        "Commands taken over RESP, by command.", {"command"});
  for (const Command* const command : all_commands()) {
    commands_.push_back(family.series({command->full_name}));
  }
}

}  // namespace kvhost::resp
