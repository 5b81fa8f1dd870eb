// The plugin file: its id, its version, its components.
#include "@IDENTIFIER@.hpp"

KVHOST_PLUGIN("org.example.@NAME@", "0.1.0",
              kvhost::replication<@CLASS@>("@NAME@", "orders the batches of a single node"));
