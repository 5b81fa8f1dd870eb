/* One function per table that takes the typed pointer: abidiff cannot see a table behind a void*. */
#include "kvhost/abi/compaction.h"
#include "kvhost/abi/host.h"
#include "kvhost/abi/journal.h"
#include "kvhost/abi/metrics.h"
#include "kvhost/abi/plugin.h"
#include "kvhost/abi/replication.h"
#include "kvhost/abi/store.h"
#include "kvhost/abi/transport.h"
#include "kvhost/abi/types.h"

#define PROBE(type)              \
  void probe_##type(const type*); \
  void probe_##type(const type* table) { (void)table; }

PROBE(kvh_call)
PROBE(kvh_done)
PROBE(kvh_error)
PROBE(kvh_plugin)
PROBE(kvh_component)
PROBE(kvh_option)
PROBE(kvh_host)
PROBE(kvh_log)
PROBE(kvh_config)
PROBE(kvh_value)
PROBE(kvh_node)
PROBE(kvh_timer)
PROBE(kvh_executor)
PROBE(kvh_metrics)
PROBE(kvh_store)
PROBE(kvh_entry)
PROBE(kvh_op)
PROBE(kvh_condition)
PROBE(kvh_result)
PROBE(kvh_range)
PROBE(kvh_transport)
PROBE(kvh_journal)
PROBE(kvh_replication)
PROBE(kvh_state_machine)
PROBE(kvh_compaction)
PROBE(kvh_tree)
PROBE(kvh_event)
PROBE(kvh_job)
PROBE(kvh_pressure)
PROBE(kvh_job_report)
PROBE(kvh_exporter)
PROBE(kvh_registry)
PROBE(kvh_family)
