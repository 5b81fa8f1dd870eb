// The C table over a StoreCore: thunks that let no exception out.
#pragma once

#include "kvhost/abi/store.h"

namespace kvhost::host {

class StoreCore;

// Borrows the core.
kvh_store make_store_table(StoreCore& core);

}  // namespace kvhost::host
