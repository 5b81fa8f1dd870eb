#include "support/crash_file_system.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/assert.hpp"
#include "file/posix_error.hpp"

namespace kvhost::engine::testing {

// One open file of any of the three kinds.
class MemoryFile final : public PositionedFile, public WritableFile {
 public:
  MemoryFile(CrashFileSystem& files, std::string path, NodePointer node, uint64_t life)
      : files_(files), path_(std::move(path)), node_(std::move(node)), life_(life) {}

  Result<std::size_t> read_at(uint64_t offset, std::span<char> out) const override {
    MutexLock lock(files_.mutex_);
    KVHOST_TRY(check("pread"));
    if (offset >= node_->data.size()) return std::size_t{0};
    return node_->data.copy(out.data(), out.size(), offset);
  }
  Result<uint64_t> size() const override {
    MutexLock lock(files_.mutex_);
    KVHOST_TRY(check("fstat"));
    return uint64_t{node_->data.size()};
  }
  void will_need(uint64_t, uint64_t) const override {}

  Status write_at(uint64_t offset, std::string_view data) override {
    MutexLock lock(files_.mutex_);
    return write("pwrite", offset, data);
  }
  Status append(std::string_view data) override {
    MutexLock lock(files_.mutex_);
    return write("write", node_->data.size(), data);
  }
  Status sync() override {
    MutexLock lock(files_.mutex_);
    KVHOST_TRY(check("fdatasync"));
    const auto permit = files_.begin_change(path_, "fdatasync");
    if (permit.takes_effect) node_->sync();
    return permit.answer;
  }
  Status close() override {
    MutexLock lock(files_.mutex_);
    return check("close");
  }

 private:
  Status check(const char* call) const KVHOST_REQUIRES(files_.mutex_) {
    if (life_ != files_.life_) return posix_error(path_, call, EBADF);
    return files_.check_alive(path_, call);
  }
  Status write(const char* call, uint64_t offset, std::string_view data)
      KVHOST_REQUIRES(files_.mutex_) {
    KVHOST_TRY(check(call));
    const auto permit = files_.begin_change(path_, call);
    if (!permit.takes_effect) return permit.answer;
    const uint64_t end = offset + data.size();
    const uint64_t growth = end > node_->data.size() ? end - node_->data.size() : 0;
    KVHOST_TRY(files_.check_space(path_, call, growth));
    node_->write(offset, data);
    return permit.answer;
  }

  CrashFileSystem& files_;
  const std::string path_;
  const NodePointer node_;
  const uint64_t life_;
};

class MemoryLock final : public FileLock {
 public:
  MemoryLock(CrashFileSystem& files, std::string path, uint64_t life)
      : files_(files), path_(std::move(path)), life_(life) {}
  ~MemoryLock() override {
    MutexLock lock(files_.mutex_);
    if (life_ == files_.life_) files_.locks_.erase(path_);
  }

 private:
  CrashFileSystem& files_;
  const std::string path_;
  const uint64_t life_;
};

CrashFileSystem::CrashFileSystem() = default;
CrashFileSystem::~CrashFileSystem() = default;

void CrashFileSystem::set_crash_after(uint64_t call, uint64_t seed) {
  MutexLock lock(mutex_);
  fatal_call_ = call == 0 ? 0 : calls_ + call;
  fatal_seed_ = seed;
}

bool CrashFileSystem::is_dead() const {
  MutexLock lock(mutex_);
  return dead_;
}

uint64_t CrashFileSystem::calls() const {
  MutexLock lock(mutex_);
  return calls_;
}

void CrashFileSystem::crash(const PowerCut& cut) {
  MutexLock lock(mutex_);
  tree_.cut_power(cut);
  restart();
}

void CrashFileSystem::kill_process() {
  MutexLock lock(mutex_);
  restart();
}

void CrashFileSystem::restart() {
  ++life_;
  locks_.clear();
  fatal_call_ = 0;
  dead_ = false;
}

void CrashFileSystem::set_capacity(uint64_t bytes) {
  MutexLock lock(mutex_);
  capacity_ = bytes;
}

void CrashFileSystem::flip_bits(const std::string& path, uint64_t offset, uint8_t mask) {
  MutexLock lock(mutex_);
  const NodePointer node = tree_.find(path);
  KVHOST_ASSERT(node != nullptr && offset < node->data.size(), "no such byte to damage");
  node->data[offset] = static_cast<char>(node->data[offset] ^ mask);
}

CrashFileSystem::Permit CrashFileSystem::begin_change(const std::string& path, const char* call) {
  ++calls_;
  if (fatal_call_ == 0 || calls_ < fatal_call_) return {};
  dead_ = true;
  const bool takes_effect = fatal_seed_ != 0 && Random(fatal_seed_ ^ calls_).one_in(2);
  return {takes_effect, posix_error(path, call, EIO)};
}

Status CrashFileSystem::check_alive(const std::string& path, const char* call) const {
  return dead_ ? posix_error(path, call, EIO) : Status::ok();
}

Status CrashFileSystem::check_space(const std::string& path, const char* call,
                                    uint64_t growth) const {
  if (capacity_ == UINT64_MAX || growth == 0) return Status::ok();
  if (tree_.used_bytes() + growth > capacity_) return posix_error(path, call, ENOSPC);
  return Status::ok();
}

Result<NodePointer> CrashFileSystem::find_file(const std::string& path, const char* call) const {
  KVHOST_TRY(check_alive(path, call));
  NodePointer node = tree_.find(path);
  if (node == nullptr) return posix_error(path, call, ENOENT);
  if (node->is_directory) return posix_error(path, call, EISDIR);
  return node;
}

Result<NodePointer> CrashFileSystem::create_file(const std::string& path, const char* call,
                                                 uint64_t size) {
  KVHOST_TRY(check_alive(path, call));
  const MemoryTree::Place place = tree_.locate(path);
  if (place.directory == nullptr) return posix_error(path, call, ENOENT);
  if (tree_.find(path) != nullptr) return posix_error(path, call, EEXIST);
  const Permit permit = begin_change(path, call);
  if (!permit.takes_effect) return permit.answer;
  KVHOST_TRY(check_space(path, call, size));
  auto node = std::make_shared<Node>();
  node->data.resize(size);
  tree_.set_entry(place, node);
  if (!permit.answer.is_ok()) return permit.answer;
  return node;
}

Result<std::unique_ptr<RandomAccessFile>> CrashFileSystem::open_for_reading(
    const std::string& path) {
  MutexLock lock(mutex_);
  KVHOST_TRY_ASSIGN(NodePointer node, find_file(path, "open"));
  return std::unique_ptr<RandomAccessFile>(
      std::make_unique<MemoryFile>(*this, path, std::move(node), life_));
}

Result<std::unique_ptr<WritableFile>> CrashFileSystem::create(const std::string& path) {
  MutexLock lock(mutex_);
  KVHOST_TRY_ASSIGN(NodePointer node, create_file(path, "open", 0));
  return std::unique_ptr<WritableFile>(
      std::make_unique<MemoryFile>(*this, path, std::move(node), life_));
}

Result<std::unique_ptr<PositionedFile>> CrashFileSystem::create_preallocated(
    const std::string& path, uint64_t size) {
  MutexLock lock(mutex_);
  KVHOST_TRY_ASSIGN(NodePointer node, create_file(path, "open", size));
  return std::unique_ptr<PositionedFile>(
      std::make_unique<MemoryFile>(*this, path, std::move(node), life_));
}

Result<std::unique_ptr<PositionedFile>> CrashFileSystem::open_positioned(const std::string& path) {
  MutexLock lock(mutex_);
  KVHOST_TRY_ASSIGN(NodePointer node, find_file(path, "open"));
  return std::unique_ptr<PositionedFile>(
      std::make_unique<MemoryFile>(*this, path, std::move(node), life_));
}

Result<bool> CrashFileSystem::exists(const std::string& path) {
  MutexLock lock(mutex_);
  KVHOST_TRY(check_alive(path, "stat"));
  return tree_.find(path) != nullptr;
}

Result<uint64_t> CrashFileSystem::file_size(const std::string& path) {
  MutexLock lock(mutex_);
  KVHOST_TRY_ASSIGN(const NodePointer node, find_file(path, "stat"));
  return uint64_t{node->data.size()};
}

Result<std::vector<std::string>> CrashFileSystem::list(const std::string& directory) {
  MutexLock lock(mutex_);
  KVHOST_TRY(check_alive(directory, "opendir"));
  const NodePointer node = tree_.find(directory);
  if (node == nullptr) return posix_error(directory, "opendir", ENOENT);
  if (!node->is_directory) return posix_error(directory, "opendir", ENOTDIR);
  std::vector<std::string> names;
  for (const auto& [name, child] : node->entries) names.push_back(name);
  return names;
}

Status CrashFileSystem::create_directories(const std::string& path) {
  MutexLock lock(mutex_);
  KVHOST_TRY(check_alive(path, "mkdir"));
  for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const std::string part = path.substr(0, end);
    const NodePointer found = tree_.find(part);
    if (found != nullptr && !found->is_directory) return posix_error(part, "mkdir", ENOTDIR);
    if (found == nullptr) {
      const Permit permit = begin_change(part, "mkdir");
      if (permit.takes_effect) {
        auto node = std::make_shared<Node>();
        node->is_directory = true;
        tree_.set_entry(tree_.locate(part), std::move(node));
      }
      KVHOST_TRY(permit.answer);
    }
    if (end == std::string::npos) return Status::ok();
  }
}

Status CrashFileSystem::sync_directory(const std::string& path) {
  MutexLock lock(mutex_);
  KVHOST_TRY(check_alive(path, "fsync"));
  const NodePointer node = tree_.find(path);
  if (node == nullptr) return posix_error(path, "open", ENOENT);
  if (!node->is_directory) return posix_error(path, "open", ENOTDIR);
  const Permit permit = begin_change(path, "fsync");
  if (permit.takes_effect) tree_.sync_directory(node);
  return permit.answer;
}

Status CrashFileSystem::rename(const std::string& from, const std::string& to) {
  MutexLock lock(mutex_);
  const std::string both = from + " -> " + to;
  KVHOST_TRY(check_alive(both, "rename"));
  const NodePointer node = tree_.find(from);
  const MemoryTree::Place target = tree_.locate(to);
  if (node == nullptr || target.directory == nullptr) return posix_error(both, "rename", ENOENT);
  const NodePointer replaced = tree_.find(to);
  if (replaced != nullptr && replaced->is_directory != node->is_directory) {
    return posix_error(both, "rename", replaced->is_directory ? EISDIR : ENOTDIR);
  }
  if (replaced != nullptr && replaced->is_directory && !replaced->entries.empty()) {
    return posix_error(both, "rename", ENOTEMPTY);
  }
  const Permit permit = begin_change(both, "rename");
  if (permit.takes_effect && replaced != node) tree_.move_entry(tree_.locate(from), target);
  return permit.answer;
}

Status CrashFileSystem::link(const std::string& from, const std::string& to) {
  MutexLock lock(mutex_);
  const std::string both = from + " -> " + to;
  KVHOST_TRY_ASSIGN(const NodePointer node, find_file(from, "link"));
  const MemoryTree::Place target = tree_.locate(to);
  if (target.directory == nullptr) return posix_error(both, "link", ENOENT);
  if (tree_.find(to) != nullptr) return posix_error(both, "link", EEXIST);
  const Permit permit = begin_change(both, "link");
  if (permit.takes_effect) tree_.set_entry(target, node);
  return permit.answer;
}

Status CrashFileSystem::remove(const std::string& path) {
  MutexLock lock(mutex_);
  KVHOST_TRY(find_file(path, "unlink").status());
  const Permit permit = begin_change(path, "unlink");
  if (permit.takes_effect) tree_.set_entry(tree_.locate(path), nullptr);
  return permit.answer;
}

Status CrashFileSystem::remove_directory(const std::string& path) {
  MutexLock lock(mutex_);
  KVHOST_TRY(check_alive(path, "rmdir"));
  const NodePointer node = tree_.find(path);
  if (node == nullptr) return posix_error(path, "rmdir", ENOENT);
  if (!node->is_directory) return posix_error(path, "rmdir", ENOTDIR);
  if (!node->entries.empty()) return posix_error(path, "rmdir", ENOTEMPTY);
  const Permit permit = begin_change(path, "rmdir");
  if (permit.takes_effect) tree_.set_entry(tree_.locate(path), nullptr);
  return permit.answer;
}

Status CrashFileSystem::truncate(const std::string& path, uint64_t size) {
  MutexLock lock(mutex_);
  KVHOST_TRY_ASSIGN(const NodePointer node, find_file(path, "truncate"));
  if (size > node->data.size()) {
    return {StatusCode::INVALID_ARGUMENT, path + ": truncate: expected at most " +
                                              std::to_string(node->data.size()) + " bytes, found " +
                                              std::to_string(size)};
  }
  const Permit permit = begin_change(path, "truncate");
  if (permit.takes_effect) node->truncate(size);
  return permit.answer;
}

Result<std::unique_ptr<FileLock>> CrashFileSystem::lock(const std::string& path) {
  MutexLock lock(mutex_);
  KVHOST_TRY(check_alive(path, "open"));
  if (tree_.locate(path).directory == nullptr) return posix_error(path, "open", ENOENT);
  if (!locks_.insert(path).second) {
    return Status(StatusCode::LOCKED, path +
                                          ": held by this process already; stop that one first, "
                                          "or use another directory");
  }
  if (tree_.find(path) == nullptr) {
    auto node = std::make_shared<Node>();
    tree_.set_entry(tree_.locate(path), std::move(node));
  }
  return std::unique_ptr<FileLock>(std::make_unique<MemoryLock>(*this, path, life_));
}

Result<uint64_t> CrashFileSystem::free_bytes(const std::string& path) {
  MutexLock lock(mutex_);
  KVHOST_TRY(check_alive(path, "statvfs"));
  if (tree_.find(path) == nullptr) return posix_error(path, "statvfs", ENOENT);
  if (capacity_ == UINT64_MAX) return uint64_t{1} << 40;
  const uint64_t used = tree_.used_bytes();
  return used < capacity_ ? capacity_ - used : 0;
}

}  // namespace kvhost::engine::testing
