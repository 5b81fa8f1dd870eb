// repair: what is whole of a damaged database, as a new one.
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>

#include <cerrno>
#include <system_error>

#include "command_table.hpp"
#include "kvhost/engine/repair.hpp"
#include "kvhost/engine/state_directory.hpp"
#include "text.hpp"

namespace kvhost::kvctl {

namespace json = boost::json;

namespace {

std::string without_slash(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

std::string words_of(int error) { return std::generic_category().message(error); }

// The repaired directory takes the damaged one's name in one step; the damaged one keeps `aside`.
Status exchange(const std::string& directory, const std::string& repaired,
                const std::string& aside) {
  if (::renameat2(AT_FDCWD, repaired.c_str(), AT_FDCWD, directory.c_str(), RENAME_EXCHANGE) != 0) {
    return {StatusCode::IO_ERROR, "the repaired database is in " + repaired +
                                      ", but cannot take the place of " + directory +
                                      " in one step (" + words_of(errno) + "); move both by hand"};
  }
  auto& files = engine::posix_file_system();
  KVHOST_TRY(files.rename(repaired, aside));
  const auto slash = directory.rfind('/');
  return files.sync_directory(
      slash == std::string::npos ? "." : directory.substr(0, std::max<std::size_t>(slash, 1)));
}

void show(Invocation& call, const engine::RepairReport& report, const std::string& aside) {
  json::object facts{{"directory", report.directory},
                     {"tables_kept", report.tables_kept},
                     {"tables_lost", report.tables_lost},
                     {"records_kept", report.records_kept},
                     {"log_batches_kept", report.log_batches_kept},
                     {"last_sequence", report.last_sequence}};
  if (!aside.empty()) facts["damaged_directory"] = aside;
  if (call.format == Format::kJson) {
    json::array lost;
    for (const auto& line : report.lost) lost.emplace_back(line);
    json::array notes;
    for (const auto& line : report.notes) notes.emplace_back(line);
    facts["lost"] = std::move(lost);
    facts["notes"] = std::move(notes);
    call.streams.out << json::serialize(facts) << '\n';
    return;
  }
  call.streams.out << flat_text(facts);
  if (report.lost.empty()) call.streams.out << "nothing is lost\n";
  for (const auto& line : report.lost) call.streams.out << "lost: " << printable(line) << '\n';
  for (const auto& line : report.notes) call.streams.out << "note: " << printable(line) << '\n';
}

}  // namespace

Status run_repair(Invocation& call) {
  const std::string data_dir = without_slash(call.arguments[0]);
  const bool is_in_place = call.has("in-place");
  if (is_in_place && call.has("to")) return call.usage("repair: --in-place or --to, not both");
  auto& files = engine::posix_file_system();
  // A received state lies in a folder of the data directory. In place, that folder alone is
  // exchanged: the strategy's journals beside it stay where they are.
  KVHOST_TRY_ASSIGN(const std::string directory, engine::active_state_directory(files, data_dir));
  const std::string target =
      call.option("to").value_or((is_in_place ? directory : data_dir) + ".repaired");
  const std::string aside = directory + ".damaged";
  if (is_in_place) {
    KVHOST_TRY_ASSIGN(const bool is_taken, files.exists(aside));
    if (is_taken) {
      return {StatusCode::CONFLICT,
              aside + " exists already, from an earlier repair; move it away first"};
    }
  }
  KVHOST_TRY_ASSIGN(auto report, engine::repair_database(files, directory, target));
  if (is_in_place) {
    KVHOST_TRY(exchange(directory, target, aside));
    report.directory = directory;
  }
  show(call, report, is_in_place ? aside : "");
  return {};
}

}  // namespace kvhost::kvctl
