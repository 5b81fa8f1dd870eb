// verify: a stopped node's database, checked in full.
#include "command_table.hpp"
#include "kvhost/engine/state_directory.hpp"
#include "kvhost/engine/verify.hpp"
#include "text.hpp"
#include "verify_report.hpp"

namespace kvhost::kvctl {

Status run_verify(Invocation& call) {
  engine::VerifyOptions options;
  if (call.streams.err_is_terminal && call.format == Format::kText) {
    options.on_file = [&call](std::string_view path, uint64_t bytes) {
      call.streams.err << "reading " << path;
      if (bytes > 0) call.streams.err << ", " << human_bytes(bytes);
      call.streams.err << '\n';
    };
  }
  auto& files = engine::posix_file_system();
  KVHOST_TRY_ASSIGN(const std::string database,
                    engine::active_state_directory(files, call.arguments[0]));
  KVHOST_TRY_ASSIGN(const auto report, engine::verify_database(files, database, options));
  return show_report(call, report, database);
}

}  // namespace kvhost::kvctl
