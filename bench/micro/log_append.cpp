// Which way to append to a log is the fastest, with and without a sync after each record?
//
//   bench_log_append [DIRECTORY]      (default: the working directory; needs 64 MiB there)
//
// Compares write(2) to a growing file, pwrite(2) into a pre-written file and stores into a mapping
// of a pre-written file. Prints a table; see docs/decisions/0001-wal-append-path.md.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

constexpr std::size_t kSegment = std::size_t{64} << 20;
constexpr int kRounds = 5;
constexpr std::size_t kSyncedAppends = 400;
constexpr std::size_t kSyncedBytes = 130;

using Clock = std::chrono::steady_clock;

double nanoseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::nano>(Clock::now() - start).count();
}

void require(bool condition, const char* what) {
  if (condition) return;
  std::perror(what);
  std::exit(1);
}

// One way to append: `write` puts bytes at an offset, `sync` makes them durable.
struct Way {
  const char* name;
  bool prewritten;
  bool mapped;
  bool prefaulted;
};
constexpr Way kWays[] = {{"write, growing file", false, false, false},
                         {"pwrite, pre-written", true, false, false},
                         {"mapping, cold pages", true, true, false},
                         {"mapping, pre-faulted", true, true, true}};

class LogFile {
 public:
  LogFile(const std::string& path, const Way& way) : path_(path), way_(way) {
    fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    require(fd_ >= 0, path.c_str());
    if (way.prewritten) {
      const std::string zeros(std::size_t{1} << 20, '\0');
      for (std::size_t at = 0; at < kSegment; at += zeros.size()) {
        require(::pwrite(fd_, zeros.data(), zeros.size(), static_cast<off_t>(at)) ==
                    static_cast<ssize_t>(zeros.size()),
                "pwrite");
      }
    }
    require(::fsync(fd_) == 0, "fsync");
    if (way.mapped) {
      map_ = static_cast<char*>(
          ::mmap(nullptr, kSegment, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd_, 0));
      require(map_ != MAP_FAILED, "mmap");
      if (way.prefaulted) prefault();
    }
  }
  ~LogFile() {
    if (map_ != nullptr) ::munmap(map_, kSegment);
    ::close(fd_);
    ::unlink(path_.c_str());
  }
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;

  void append(const std::string& record) {
    if (way_.mapped) {
      std::memcpy(map_ + end_, record.data(), record.size());
    } else if (way_.prewritten) {
      require(::pwrite(fd_, record.data(), record.size(), static_cast<off_t>(end_)) ==
                  static_cast<ssize_t>(record.size()),
              "pwrite");
    } else {
      require(::write(fd_, record.data(), record.size()) == static_cast<ssize_t>(record.size()),
              "write");
    }
    end_ += record.size();
  }
  // What a background thread would do ahead of the appends: takes the write fault of every page.
  void prefault() {
    for (std::size_t at = 0; at < kSegment; at += 4096) {
      volatile char* const page = map_ + at;
      *page = 0;
    }
  }
  void sync() { require(::fdatasync(fd_) == 0, "fdatasync"); }

 private:
  std::string path_;
  Way way_;
  int fd_ = -1;
  char* map_ = nullptr;
  std::size_t end_ = 0;
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

double nanoseconds_per_append(const std::string& path, const Way& way, std::size_t record_bytes) {
  std::vector<double> rounds;
  const std::string record(record_bytes, 'r');
  const std::size_t count = kSegment / record_bytes;
  for (int round = 0; round < kRounds; ++round) {
    LogFile file(path, way);
    const auto start = Clock::now();
    for (std::size_t i = 0; i < count; ++i) file.append(record);
    rounds.push_back(nanoseconds_since(start) / static_cast<double>(count));
  }
  return median(rounds);
}

struct Latency {
  double p50;
  double p99;
};

Latency synced_append(const std::string& path, const Way& way) {
  std::vector<double> samples;
  const std::string record(kSyncedBytes, 'r');
  LogFile file(path, way);
  for (std::size_t i = 0; i < kSyncedAppends; ++i) {
    const auto start = Clock::now();
    file.append(record);
    file.sync();
    samples.push_back(nanoseconds_since(start));
  }
  std::sort(samples.begin(), samples.end());
  return {samples[samples.size() / 2], samples[samples.size() * 99 / 100]};
}

}  // namespace

int main(int argc, char** argv) {
  const std::string path = std::string(argc > 1 ? argv[1] : ".") + "/bench_log_append.tmp";
  std::printf("%-22s %10s %10s %10s %14s %14s\n", "ns per append", "130 B", "1 KiB", "16 KiB",
              "synced p50", "synced p99");
  for (const Way& way : kWays) {
    std::printf("%-22s", way.name);
    for (const std::size_t bytes : {std::size_t{130}, std::size_t{1024}, std::size_t{16384}}) {
      std::printf(" %10.0f", nanoseconds_per_append(path, way, bytes));
      std::fflush(stdout);
    }
    const Latency synced = synced_append(path, way);
    std::printf(" %14.0f %14.0f\n", synced.p50, synced.p99);
  }
  return 0;
}
