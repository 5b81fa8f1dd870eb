// Receiving a state: pieces into files, files into a folder that gets its name when it is whole.
#include <algorithm>
#include <map>
#include <utility>

#include "base/checksum_stream.hpp"
#include "file/file_tree.hpp"
#include "kvhost/engine/state_directory.hpp"
#include "state/file_checksum.hpp"
#include "state/state_names.hpp"
#include "version/file_names.hpp"

namespace kvhost::engine {
namespace {

class Receiver final : public StateReceiver {
 public:
  Receiver(FileSystem& files, std::string data_dir, uint64_t number, StateManifest manifest)
      : files_(files),
        data_dir_(std::move(data_dir)),
        path_(data_dir_ + "/" + state_name(number)),
        incoming_(path_ + std::string(kIncomingSuffix)),
        manifest_(std::move(manifest)) {}

  Status start() {
    KVHOST_TRY(files_.create_directories(tables_path(incoming_)));
    uint64_t missing = 0;
    for (const StateFile& file : manifest_.files) {
      Piece& piece = pieces_[file.name];
      piece.file = file;
      KVHOST_TRY_ASSIGN(piece.is_complete, is_there(file));
      if (!piece.is_complete) missing += file.bytes;
    }
    KVHOST_TRY(remove_strangers(incoming_, ""));
    KVHOST_TRY(remove_strangers(tables_path(incoming_), std::string(kTablesDirectory) + "/"));
    KVHOST_TRY_ASSIGN(const uint64_t free, files_.free_bytes(data_dir_));
    if (missing <= free) return Status::ok();
    return {StatusCode::NO_SPACE, data_dir_ + ": a state of " + std::to_string(missing) +
                                      " bytes is to be received, and " + std::to_string(free) +
                                      " bytes are free"};
  }

  std::vector<Wanted> wanted() const override {
    std::vector<Wanted> list;
    for (const StateFile& file : manifest_.files) {
      const Piece& piece = pieces_.find(file.name)->second;
      if (!piece.is_complete) list.push_back({file.name, piece.received, file.bytes});
    }
    return list;
  }

  Status write(std::string_view name, uint64_t offset, std::string_view bytes) override {
    const auto found = pieces_.find(name);
    if (found == pieces_.end()) {
      return {StatusCode::INVALID_ARGUMENT, "state being received: no file \"" +
                                                std::string(name.substr(0, 100)) +
                                                "\" is in its manifest"};
    }
    Piece& piece = found->second;
    const uint64_t there = piece.is_complete ? piece.file.bytes : piece.received;
    if (bytes.size() <= there && offset <= there - bytes.size()) return Status::ok();
    if (offset != there || bytes.size() > piece.file.bytes - there) {
      return {StatusCode::INVALID_ARGUMENT,
              "state being received: " + piece.file.name + ": expected at most " +
                  std::to_string(piece.file.bytes - there) + " bytes at offset " +
                  std::to_string(there) + ", found " + std::to_string(bytes.size()) +
                  " at offset " + std::to_string(offset)};
    }
    Status added = add(piece, bytes);
    // What a failure leaves is of no use: the file comes again.
    if (!added.is_ok()) forget(piece);
    return added;
  }

  Result<std::string> finish() override {
    if (const auto missing = wanted(); !missing.empty()) {
      return Status(StatusCode::INVALID_ARGUMENT,
                    "state being received: " + missing.front().name + " has " +
                        std::to_string(missing.front().offset) + " of " +
                        std::to_string(missing.front().bytes) + " bytes; " +
                        std::to_string(missing.size()) + " files are not complete");
    }
    KVHOST_TRY(files_.sync_directory(tables_path(incoming_)));
    KVHOST_TRY(files_.sync_directory(incoming_));
    KVHOST_TRY(files_.rename(incoming_, path_));
    KVHOST_TRY(files_.sync_directory(data_dir_));
    return path_;
  }

  Status abandon() override {
    for (auto& [name, piece] : pieces_) piece.out.reset();
    return remove_file_tree(files_, incoming_);
  }
  const StateManifest& manifest() const override { return manifest_; }

 private:
  struct Piece {
    StateFile file;
    bool is_complete = false;
    uint64_t received = 0;
    std::unique_ptr<WritableFile> out;
    std::unique_ptr<ChecksumStream> checksum;
  };

  // Another attempt may have been cut off: only whole files with the right bytes are kept.
  Result<bool> is_there(const StateFile& file) {
    const std::string path = incoming_ + "/" + file.name;
    KVHOST_TRY_ASSIGN(const bool exists, files_.exists(path));
    if (!exists) return false;
    KVHOST_TRY_ASSIGN(const uint64_t bytes, files_.file_size(path));
    if (bytes == file.bytes) {
      KVHOST_TRY_ASSIGN(const uint64_t checksum, file_checksum(files_, path, bytes));
      if (checksum == file.checksum) return make_durable(path);
    }
    KVHOST_TRY(files_.remove(path));
    return false;
  }

  // What was read may lie in the page cache alone.
  Result<bool> make_durable(const std::string& path) {
    KVHOST_TRY_ASSIGN(const auto file, files_.open_positioned(path));
    KVHOST_TRY(file->sync());
    KVHOST_TRY(file->close());
    return true;
  }

  Status remove_strangers(const std::string& directory, const std::string& prefix) {
    KVHOST_TRY_ASSIGN(const auto names, files_.list(directory));
    for (const std::string& name : names) {
      if (pieces_.contains(prefix + name) || name == kTablesDirectory) continue;
      KVHOST_TRY(files_.remove(directory + "/" + name));
    }
    return Status::ok();
  }

  Status add(Piece& piece, std::string_view bytes) {
    if (piece.out == nullptr) {
      KVHOST_TRY_ASSIGN(piece.out, files_.create(incoming_ + "/" + piece.file.name));
      piece.checksum = std::make_unique<ChecksumStream>();
    }
    KVHOST_TRY(piece.out->append(bytes));
    piece.checksum->add(bytes);
    piece.received += bytes.size();
    if (piece.received < piece.file.bytes) return Status::ok();
    KVHOST_TRY(piece.out->sync());
    KVHOST_TRY(piece.out->close());
    const uint64_t found = piece.checksum->value();
    if (found != piece.file.checksum) {
      return {StatusCode::CORRUPTION, "state being received: " + piece.file.name +
                                          ": expected checksum " +
                                          std::to_string(piece.file.checksum) + ", found " +
                                          std::to_string(found) + "; send the file again"};
    }
    piece.out.reset();
    piece.checksum.reset();
    piece.is_complete = true;
    return Status::ok();
  }

  void forget(Piece& piece) {
    piece.out.reset();
    piece.checksum.reset();
    piece.received = 0;
    static_cast<void>(files_.remove(incoming_ + "/" + piece.file.name));
  }

  FileSystem& files_;
  const std::string data_dir_;
  const std::string path_;
  const std::string incoming_;
  const StateManifest manifest_;
  std::map<std::string, Piece, std::less<>> pieces_;
};

// One more than any state that there is or was.
Result<uint64_t> next_state_number(FileSystem& files, const std::string& data_dir) {
  uint64_t newest = 1;
  KVHOST_TRY_ASSIGN(const auto names, files.list(data_dir));
  for (const std::string& name : names) {
    if (const auto number = parse_state_name(name)) newest = std::max(newest, *number);
  }
  return newest + 1;
}

}  // namespace

Result<std::unique_ptr<StateReceiver>> StateReceiver::begin(FileSystem& files,
                                                            const std::string& data_dir,
                                                            StateManifest manifest) {
  KVHOST_TRY(check_state_manifest(manifest));
  KVHOST_TRY_ASSIGN(const uint64_t number, next_state_number(files, data_dir));
  auto receiver = std::make_unique<Receiver>(files, data_dir, number, std::move(manifest));
  KVHOST_TRY(receiver->start());
  return std::unique_ptr<StateReceiver>(std::move(receiver));
}

}  // namespace kvhost::engine
