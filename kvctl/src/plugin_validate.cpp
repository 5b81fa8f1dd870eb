// plugin validate: every check that fits, each in a process of its own.
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "command_table.hpp"
#include "isolated_check.hpp"
#include "kvhost/host/option_file.hpp"
#include "kvhost/host/plugin_file.hpp"
#include "text.hpp"

namespace kvhost::kvctl {

namespace fs = std::filesystem;
namespace json = boost::json;

namespace {

// The check that runs no code: who links to the plugin sees one name, and what it needs is here.
CheckResult check_file(const host::PluginFile& file, const std::string& component) {
  CheckResult result;
  result.component = component;
  result.check = "file";
  result.promise = "exports one symbol, needs only libraries that are here, fits this ABI";
  std::string exports;
  for (const auto& name : file.exports) exports += (exports.empty() ? "" : ", ") + name;
  if (exports != KVH_ENTRY_SYMBOL) {
    result.failures.push_back("exports " + (exports.empty() ? "nothing" : exports) +
                              "; expected " KVH_ENTRY_SYMBOL
                              " alone: link with the version script of kvhost_add_plugin()");
  }
  for (const Status& status :
       {host::check_needed_libraries(file), host::check_plugin_abi(file.manifest)}) {
    if (!status.is_ok()) result.failures.push_back(status.message());
  }
  return result;
}

std::string_view verdict(const CheckResult& result) {
  if (!result.failures.empty()) return "FAILED";
  return result.skipped.empty() ? "passed" : "skipped";
}

void tell(const CheckResult& result, Invocation& call) {
  if (call.format != Format::kText) return;
  std::string line = std::string(verdict(result)) + "  " + result.component + "/" + result.check +
                     ": " + result.promise;
  if (!result.note.empty()) line += " (" + result.note + ")";
  if (!result.skipped.empty()) line += " (" + result.skipped + ")";
  for (const auto& failure : result.failures) line += "\n        " + failure;
  call.streams.out << line << '\n' << std::flush;
}

json::array as_json(const std::vector<CheckResult>& results) {
  json::array list;
  for (const auto& result : results) {
    json::array failures;
    for (const auto& failure : result.failures) failures.emplace_back(failure);
    list.push_back(json::object{{"component", result.component},
                                {"check", result.check},
                                {"result", verdict(result)},
                                {"failures", std::move(failures)},
                                {"note", result.note.empty() ? result.skipped : result.note}});
  }
  return list;
}

bool is_wanted(Invocation& call, const char* option, std::string_view name) {
  return !call.has(option) || *call.option(option) == name;
}

}  // namespace

Status run_plugin_validate(Invocation& call) {
  const std::string& path = call.arguments[0];
  KVHOST_TRY_ASSIGN(const auto seed, call.integer_option("seed"));
  const auto file = host::read_plugin_file(path);
  if (!file) return file.error().with_context(path);
  conformance::Subject subject;
  std::error_code failure;
  subject.file = fs::absolute(path, failure).string();
  subject.id = file->manifest.id;
  subject.version = file->manifest.version;
  subject.seed = static_cast<uint64_t>(seed.value_or(1));
  if (call.has("options")) {
    KVHOST_TRY_ASSIGN(subject.options, host::read_option_file(*call.option("options")));
  }
  std::vector<CheckResult> results;
  const auto add = [&](CheckResult result) {
    tell(result, call);
    results.push_back(std::move(result));
  };
  for (const auto& component : file->manifest.components) {
    if (!is_wanted(call, "component", component.name)) continue;
    subject.kind = component.kind;
    subject.name = component.name;
    if (is_wanted(call, "check", "file")) add(check_file(*file, component.name));
    for (const auto& check : conformance::all_checks()) {
      if (!check.kind.empty() && check.kind != component.kind) continue;
      if (is_wanted(call, "check", check.name)) add(run_isolated(check, subject));
    }
  }
  if (results.empty()) return call.usage("no check or component of that name");
  std::size_t failed = 0;
  std::size_t skipped = 0;
  for (const auto& result : results) {
    failed += result.failures.empty() ? 0 : 1;
    skipped += result.failures.empty() && !result.skipped.empty() ? 1 : 0;
  }
  if (call.has("junit")) {
    std::ofstream out(*call.option("junit"), std::ios::binary);
    out << junit_text(subject.id, results);
    out.close();
    if (!out) return {StatusCode::IO_ERROR, *call.option("junit") + ": cannot be written"};
  }
  std::string verdict_text = std::to_string(results.size() - failed - skipped) + " of " +
                             std::to_string(results.size()) + " checks passed";
  if (skipped != 0) verdict_text += ", " + std::to_string(skipped) + " skipped";
  verdict_text += ", seed " + std::to_string(subject.seed);
  call.print(verdict_text, {{"seed", subject.seed}, {"checks", as_json(results)}});
  if (failed == 0) return {};
  return {StatusCode::PLUGIN_ERROR, path + " (" + file->manifest.name_and_version() +
                                        "): " + std::to_string(failed) +
                                        " checks failed. Repeat them with --seed " +
                                        std::to_string(subject.seed) + " --check NAME"};
}

}  // namespace kvhost::kvctl
