#include "repair/whole_tables.hpp"

#include "version/file_names.hpp"

namespace kvhost::engine {

namespace {

// Keys as they can be read and typed: bytes that are no plain text as \xNN.
std::string printable(std::string_view key) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : key) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7F && c != '\\' && c != '"') {
      out.push_back(c);
    } else {
      out += "\\x";
      out.push_back(kHex[byte >> 4]);
      out.push_back(kHex[byte & 15]);
    }
  }
  return out + "\"";
}

// The user's part of an engine key, with its space where that is not 0.
std::string shown(std::string_view engine_key) {
  if (engine_key.empty()) return printable(engine_key);
  return engine_key[0] == '\0' ? printable(engine_key.substr(1)) : printable(engine_key);
}

}  // namespace

bool is_fatal(const Status& status) {
  return status.code() == StatusCode::NO_SPACE || status.code() == StatusCode::OUT_OF_MEMORY ||
         status.code() == StatusCode::FORMAT_UNSUPPORTED;
}

std::string describe_lost(const FileMetadata& table, const Status& why) {
  return table_name(table.number) + ": " + std::to_string(table.entries) + " records and " +
         std::to_string(table.range_deletes) + " range deletes, keys " +
         shown(table.range.smallest) + " to " + shown(table.range.largest) + ", sequence numbers " +
         std::to_string(table.min_sequence) + " to " + std::to_string(table.max_sequence) + ": " +
         why.message();
}

Result<std::shared_ptr<TableReader>> WholeTables::open(const std::string& path,
                                                       std::optional<FileIdentity> identity) const {
  KVHOST_TRY_ASSIGN(auto file, files_.open_for_reading(path));
  KVHOST_TRY_ASSIGN(auto table, TableReader::open(std::move(file), path, {}, identity));
  KVHOST_TRY(table->verify_all());
  return table;
}

Status WholeTables::check(const FileMetadata& table) const {
  const std::string path = table_path(directory_, table.number);
  KVHOST_TRY_ASSIGN(const bool there, files_.exists(path));
  if (!there) return {StatusCode::CORRUPTION, path + ": expected a table, found no file"};
  KVHOST_TRY_ASSIGN(const auto opened, open(path, table.identity));
  const FileMetadata found =
      FileMetadata::of_table(table.number, opened->properties(), table.created_at_ms);
  if (found == table) return Status::ok();
  return {StatusCode::CORRUPTION, path + ": the table is not the one that the MANIFEST describes"};
}

Result<FoundTables> WholeTables::find_all() const {
  FoundTables found;
  const std::string folder = tables_path(directory_);
  KVHOST_TRY_ASSIGN(const bool there, files_.exists(folder));
  if (!there) {
    found.lost.push_back(folder + ": expected the tables' directory, found none");
    return found;
  }
  KVHOST_TRY_ASSIGN(const auto names, files_.list(folder));
  for (const std::string& name : names) {
    if (!parse_table_name(name)) continue;
    auto table = open(folder + "/" + name);
    if (!table && is_fatal(table.error())) return table.error();
    if (table) {
      found.tables.push_back(std::move(*table));
    } else {
      found.lost.push_back(name + ": " + table.error().message());
    }
  }
  return found;
}

}  // namespace kvhost::engine
