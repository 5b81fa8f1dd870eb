// The handlers that the route table names: each answers one exchange.
//
// Threads:   the session's loop; none blocks.
// Lifetime:  views of the request's body are good until the handler returns.
#pragma once

#include "session/exchange.hpp"

namespace kvhost::http {

// key_handlers.cpp
void put_key(const ExchangePtr& exchange);
void get_key(const ExchangePtr& exchange);
void delete_key(const ExchangePtr& exchange);
void increment_key(const ExchangePtr& exchange);
// batch_handler.cpp
void apply_batch(const ExchangePtr& exchange);
// range_handler.cpp
void read_range(const ExchangePtr& exchange);
// node_handlers.cpp
void show_section(const ExchangePtr& exchange);  // the path's last word names it
void show_ready(const ExchangePtr& exchange);
void show_openapi(const ExchangePtr& exchange);
void run_command(const ExchangePtr& exchange);

}  // namespace kvhost::http
