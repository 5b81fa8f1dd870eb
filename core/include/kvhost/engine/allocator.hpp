// Settings of the C library's allocator for a program that holds an engine: without them glibc keeps
// freed blocks by the dozen of MiB, beside the budget.
//
// Threads:   one, before others are started.
#pragma once

namespace kvhost::engine {

// Two arenas instead of eight a processor; buffers of 128 KiB and more go back to the system when
// they are freed. Nothing where the C library is another.
void tune_allocator();

}  // namespace kvhost::engine
