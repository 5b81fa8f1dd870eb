// The results of a benchmark as JSON rows, and what is shown of them: a table on the terminal, one
// in Markdown, and the slots of several runs merged into one.
//
// Errors:    merge_files() throws std::runtime_error with the file's name.
#pragma once

#include <boost/json.hpp>
#include <string>
#include <vector>

#include "calibration.hpp"
#include "profile.hpp"

namespace kvbench {

using Samples = std::vector<boost::json::object>;  // one engine's rounds of a row

double number(const boost::json::object& object, const char* name);

// "rocksdb_release" is the program's name, "rocksdb-release" the engine's.
std::string peer_name(const std::string& program);

// One row: medians of both sides, the ratio of the rounds with its interval.
boost::json::object compare(const Row& row, const std::string& peer, const Samples& ours,
                            const Samples& theirs, const Machine& machine);

boost::json::object to_json(const Machine& machine);

void print_head();
void print_row(const boost::json::object& row);
std::string markdown_table(const boost::json::array& rows);

// {"machine", "rows"} of all files; of rows with the same workload and peer the last one stays.
boost::json::object merge_files(const std::vector<std::string>& files);

}  // namespace kvbench
