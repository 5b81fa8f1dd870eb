#include "checks.hpp"

#include "kind_checks.hpp"
#include "kvhost/abi/compaction.h"
#include "kvhost/abi/metrics.h"
#include "kvhost/abi/replication.h"
#include "kvhost/abi/transport.h"
#include "table_checks.hpp"

namespace kvhost::conformance {

const std::vector<Check>& all_checks() {
  using std::chrono::seconds;
  static const std::vector<Check> all = {
      {"load",
       "loads with every symbol resolved, and starts nothing by that",
       {},
       seconds(60),
       &check_load},
      {"entry",
       "the entry function computes its answer and does nothing else",
       {},
       seconds(60),
       &check_entry},
      {"table",
       "the table says what the manifest says, with sizes and all required slots",
       {},
       seconds(60),
       &check_table},
      {"options",
       "every option has a type, words, and a default that fits",
       {},
       seconds(60),
       &check_options},
      {"services",
       "create does without services that are not there, or says why not",
       {},
       seconds(60),
       &check_unknown_services},
      {"sizes",
       "structs of a newer host are read as far as they are known",
       {},
       seconds(60),
       &check_sizes},
      {"create",
       "created and destroyed 1000 times, nothing is left",
       {},
       seconds(120),
       &check_create_destroy},
      {"start",
       "started and stopped again and again, nothing is left",
       {},
       seconds(180),
       &check_start_stop},
      {"legal-jobs", "every job for 300 random trees is one that the engine admits",
       KVH_KIND_COMPACTION, seconds(120), &check_legal_jobs},
      {"same-plan", "the same tree gets the same jobs", KVH_KIND_COMPACTION, seconds(120),
       &check_same_plan},
      {"converges", "a tree that nobody writes to comes to rest", KVH_KIND_COMPACTION, seconds(180),
       &check_convergence},
      {"newer-tree", "trees with longer structs and unknown events are understood",
       KVH_KIND_COMPACTION, seconds(120), &check_newer_tree},
      {"large-tree", "a tree of 20000 files is decided before the deadline", KVH_KIND_COMPACTION,
       seconds(120), &check_large_tree},
      {"listening", "listens where it says, tells when the port is taken, and lets it go",
       KVH_KIND_TRANSPORT, seconds(120), &check_listening},
      {"malformed", "survives malformed input, and keeps no session of it", KVH_KIND_TRANSPORT,
       seconds(180), &check_malformed_input},
      {"segments", "the same input gets the same replies however it is cut, and when pipelined",
       KVH_KIND_TRANSPORT, seconds(180), &check_segmented_input},
      {"drain", "drains in time with clients connected", KVH_KIND_TRANSPORT, seconds(120),
       &check_drain},
      {"stop", "stops under load, with calls of the store under way", KVH_KIND_TRANSPORT,
       seconds(180), &check_stop_under_load},
      {"exposition", "shows every metric as it is, in a format that is well-formed",
       KVH_KIND_EXPORTER, seconds(120), &check_exposition},
      {"exporter-stop", "asks the registry nothing after stop", KVH_KIND_EXPORTER, seconds(120),
       &check_exporter_stop},
      {"exactly-once", "what is acknowledged is applied, in order, once", KVH_KIND_REPLICATION,
       seconds(180), &check_exactly_once},
      {"stop-completes", "stop completes every proposal, and tells the truth about it",
       KVH_KIND_REPLICATION, seconds(180), &check_stop_completes},
      {"barriers", "a barrier lets no read miss what was acknowledged", KVH_KIND_REPLICATION,
       seconds(180), &check_barriers},
      {"failing-state", "a state machine that fails is not acknowledged", KVH_KIND_REPLICATION,
       seconds(180), &check_failing_state_machine},
      {"restart", "after a restart nothing acknowledged is missing or doubled",
       KVH_KIND_REPLICATION, seconds(180), &check_restart},
      {"partition", "three nodes, one of them cut off and back again, agree on what was promised",
       KVH_KIND_REPLICATION, seconds(400), &check_partition},
  };
  return all;
}

}  // namespace kvhost::conformance
