// The program kvhost: see node/program.hpp.
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "kvhost/engine/allocator.hpp"
#include "kvhost/status.hpp"
#include "node/program.hpp"
#include "node/signals.hpp"

int main(int argc, char** argv) {
  // Before any library can make a thread.
  kvhost::host::Signals::block();
  kvhost::engine::tune_allocator();
  try {
    return kvhost::host::run_program(std::vector<std::string>(argv + 1, argv + argc), std::cout,
                                     std::cerr);
  } catch (const std::exception& thrown) {
    std::cerr << "kvhost: internal fault: " << thrown.what() << "\n";
  }
  return kvhost::status_info(kvhost::StatusCode::INTERNAL).kvhost_exit;
}
