// Checks of one kind each.
//
// Threads:   as checks.hpp.
#pragma once

#include "checks.hpp"

namespace kvhost::conformance {

// Compaction policies, on random legal trees.
void check_legal_jobs(const Subject&, Report&);
void check_same_plan(const Subject&, Report&);
void check_convergence(const Subject&, Report&);
void check_newer_tree(const Subject&, Report&);
void check_large_tree(const Subject&, Report&);

// Transports, over their real port with a store in memory.
void check_listening(const Subject&, Report&);
void check_malformed_input(const Subject&, Report&);
void check_segmented_input(const Subject&, Report&);
void check_drain(const Subject&, Report&);
void check_stop_under_load(const Subject&, Report&);

// Exporters.
void check_exposition(const Subject&, Report&);
void check_exporter_stop(const Subject&, Report&);

// Replication strategies, as one node.
void check_exactly_once(const Subject&, Report&);
void check_stop_completes(const Subject&, Report&);
void check_barriers(const Subject&, Report&);
void check_failing_state_machine(const Subject&, Report&);
void check_restart(const Subject&, Report&);
// As three nodes, one of which is cut off.
void check_partition(const Subject&, Report&);

}  // namespace kvhost::conformance
