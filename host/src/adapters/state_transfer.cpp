#include "adapters/state_transfer.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "adapters/state_manifest_json.hpp"

namespace kvhost::host {
namespace {

constexpr std::size_t kMaxCheckpoints = 4;
constexpr uint64_t kMaxPieceBytes = uint64_t{1} << 20;

Status no_handle(const char* what, uint64_t handle) {
  return {StatusCode::INVALID_ARGUMENT,
          std::to_string(handle) + " is no handle of an open " + what};
}

void remove_directory(const std::string& directory) {
  // What stays is removed by the next start.
  std::error_code ignored;
  std::filesystem::remove_all(directory, ignored);
}

}  // namespace

StateTransfer::StateTransfer(StatePlace place, std::string strategy)
    : place_(std::move(place)), strategy_(std::move(strategy)) {}

StateTransfer::~StateTransfer() {
  for (const auto& [handle, checkpoint] : checkpoints_) remove_directory(checkpoint.directory);
}

Result<StateTransfer::Opened> StateTransfer::open_checkpoint() {
  Opened opened;
  Checkpoint checkpoint;
  {
    const std::lock_guard lock(mutex_);
    if (checkpoints_.size() >= kMaxCheckpoints) {
      return Status(StatusCode::OVERLOADED, "checkpoint_open: " + std::to_string(kMaxCheckpoints) +
                                                " checkpoints are open; close one first");
    }
    opened.handle = next_handle_++;
    checkpoint.directory = place_.data_dir + "/transfer-" + std::to_string(opened.handle);
    // Holds the place while it is made.
    checkpoints_[opened.handle].directory = checkpoint.directory;
  }
  const auto make = [&]() -> Status {
    remove_directory(checkpoint.directory);
    KVHOST_TRY(place_.engine->checkpoint(checkpoint.directory));
    KVHOST_TRY_ASSIGN(opened.manifest, engine::describe_state(*place_.files, checkpoint.directory));
    return {};
  };
  if (const Status made = make(); !made) {
    close_checkpoint(opened.handle);
    return made;
  }
  for (const auto& file : opened.manifest.files) checkpoint.files[file.name] = file.bytes;
  const std::lock_guard lock(mutex_);
  checkpoints_[opened.handle] = std::move(checkpoint);
  ++counts_.checkpoints_opened;
  return opened;
}

Result<std::shared_ptr<engine::RandomAccessFile>> StateTransfer::file_of(uint64_t handle,
                                                                         std::string_view name) {
  std::string path;
  {
    const std::lock_guard lock(mutex_);
    const auto found = checkpoints_.find(handle);
    if (found == checkpoints_.end()) return no_handle("checkpoint", handle);
    Checkpoint& checkpoint = found->second;
    if (!checkpoint.files.contains(name)) {
      return Status(
          StatusCode::INVALID_ARGUMENT,
          "checkpoint_read: \"" + std::string(name.substr(0, 100)) + "\" is not in the manifest");
    }
    if (checkpoint.open_file != nullptr && checkpoint.open_name == name) {
      return checkpoint.open_file;
    }
    path = checkpoint.directory + "/" + std::string(name);
  }
  KVHOST_TRY_ASSIGN(std::shared_ptr<engine::RandomAccessFile> file,
                    place_.files->open_for_reading(path));
  const std::lock_guard lock(mutex_);
  const auto found = checkpoints_.find(handle);
  if (found == checkpoints_.end()) return no_handle("checkpoint", handle);
  found->second.open_name = name;
  found->second.open_file = file;
  return file;
}

Result<std::string> StateTransfer::read_checkpoint(uint64_t handle, std::string_view name,
                                                   uint64_t offset, uint64_t max_bytes) {
  KVHOST_TRY_ASSIGN(const auto file, file_of(handle, name));
  std::string bytes(std::min(max_bytes, kMaxPieceBytes), '\0');
  KVHOST_TRY_ASSIGN(const std::size_t count, file->read_at(offset, bytes));
  bytes.resize(count);
  const std::lock_guard lock(mutex_);
  counts_.checkpoint_bytes_read += count;
  return bytes;
}

void StateTransfer::close_checkpoint(uint64_t handle) {
  Checkpoint closing;
  {
    const std::lock_guard lock(mutex_);
    const auto found = checkpoints_.find(handle);
    if (found == checkpoints_.end()) return;
    closing = std::move(found->second);
    checkpoints_.erase(found);
  }
  remove_directory(closing.directory);
}

Result<uint64_t> StateTransfer::begin_install(std::string_view text) {
  KVHOST_TRY_ASSIGN(auto manifest, manifest_from_json(text));
  if (manifest.position.strategy != strategy_) {
    return Status(StatusCode::INVALID_ARGUMENT,
                  "install_begin: expected a checkpoint made under the strategy " + strategy_ +
                      ", found one of \"" + manifest.position.strategy.substr(0, 100) + "\"");
  }
  const std::lock_guard lock(mutex_);
  if (install_ != 0) {
    return Status(StatusCode::CONFLICT, "install_begin: another install is under way");
  }
  KVHOST_TRY_ASSIGN(
      receiver_, engine::StateReceiver::begin(*place_.files, place_.data_dir, std::move(manifest)));
  install_ = next_handle_++;
  ++counts_.installs_begun;
  return install_;
}

Result<StateTransfer::ReceiverPointer> StateTransfer::receiver_of(uint64_t install) const {
  const std::lock_guard lock(mutex_);
  if (install != 0 && install == install_) return receiver_;
  return no_handle("install", install);
}

Result<std::vector<engine::StateReceiver::Wanted>> StateTransfer::wanted(uint64_t install) {
  KVHOST_TRY_ASSIGN(const auto receiver, receiver_of(install));
  return receiver->wanted();
}

Status StateTransfer::write_install(uint64_t install, std::string_view file, uint64_t offset,
                                    std::string_view bytes) {
  KVHOST_TRY_ASSIGN(const auto receiver, receiver_of(install));
  KVHOST_TRY(receiver->write(file, offset, bytes));
  const std::lock_guard lock(mutex_);
  counts_.install_bytes_written += bytes.size();
  return {};
}

Result<engine::ReplicationPosition> StateTransfer::commit_install(uint64_t install) {
  KVHOST_TRY_ASSIGN(const auto receiver, receiver_of(install));
  // A file that is missing can still be sent.
  KVHOST_TRY_ASSIGN(const std::string directory, receiver->finish());
  {
    const std::lock_guard lock(mutex_);
    install_ = 0;
    receiver_.reset();
  }
  KVHOST_TRY(place_.engine->replace(directory));
  const std::lock_guard lock(mutex_);
  ++counts_.installs_committed;
  return place_.engine->applied_position();
}

void StateTransfer::abort_install(uint64_t install) {
  ReceiverPointer receiver;
  {
    const std::lock_guard lock(mutex_);
    if (install == 0 || install != install_) return;
    install_ = 0;
    receiver = std::move(receiver_);
  }
  static_cast<void>(receiver->abandon());
}

StateTransfer::Counts StateTransfer::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

}  // namespace kvhost::host
