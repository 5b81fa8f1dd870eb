// The plugin file: its id, its version, its components.
#include "@IDENTIFIER@.hpp"

KVHOST_PLUGIN("org.example.@NAME@", "0.1.0",
              kvhost::compaction<@CLASS@>("@NAME@",
                                          "merges the runs of a level when there are enough"));
