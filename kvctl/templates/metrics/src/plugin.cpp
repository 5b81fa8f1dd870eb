// The plugin file: its id, its version, its components.
#include "@IDENTIFIER@.hpp"

KVHOST_PLUGIN("org.example.@NAME@", "0.1.0",
              kvhost::exporter<@CLASS@>("@NAME@", "writes the metrics to a file"));
