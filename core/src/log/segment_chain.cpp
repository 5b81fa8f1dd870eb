#include "log/segment_chain.hpp"

#include <algorithm>

namespace kvhost::engine {
namespace {

Status missing(const std::string& directory, uint64_t number, const std::string& who) {
  return {StatusCode::CORRUPTION, directory + ": expected the segment " +
                                      segment_file_name(number) + ", which " + who +
                                      ", found no such file"};
}

Status wrong_life(const SegmentReader& successor, const SegmentReader& found) {
  return {StatusCode::CORRUPTION,
          found.path() + ": segment header at offset 24: expected incarnation " +
              std::to_string(successor.header().previous_incarnation) + ", which " +
              segment_file_name(successor.header().number) + " goes on from, found " +
              std::to_string(found.header().incarnation)};
}

Status check_link(const SegmentReader& successor, const SegmentReader& found) {
  if (found.header().incarnation != successor.header().previous_incarnation) {
    return wrong_life(successor, found);
  }
  const uint64_t end = successor.header().previous_end.offset;
  if (end > found.file_bytes()) {
    return {StatusCode::CORRUPTION, found.path() + ": expected at least " + std::to_string(end) +
                                        " bytes, found " + std::to_string(found.file_bytes())};
  }
  return Status::ok();
}

}  // namespace

std::vector<uint64_t> segment_numbers(const std::vector<std::string>& names) {
  std::vector<uint64_t> numbers;
  for (const std::string& name : names) {
    if (const auto number = parse_segment_file_name(name)) numbers.push_back(*number);
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

Result<SegmentChain> open_segment_chain(FileSystem& files, const std::string& directory,
                                        const std::vector<uint64_t>& numbers, LogPosition from) {
  SegmentChain chain;
  const uint64_t newest = numbers.empty() ? 0 : numbers.back();
  if (newest < from.segment) return missing(directory, from.segment, "recovery starts at");
  uint64_t wanted = newest;
  while (wanted != 0 && wanted >= from.segment) {
    if (!std::binary_search(numbers.begin(), numbers.end(), wanted)) {
      return missing(directory, wanted,
                     segment_file_name(chain.back()->header().number) + " goes on from");
    }
    const std::string path = directory + "/" + segment_file_name(wanted);
    KVHOST_TRY_ASSIGN(auto reader, SegmentReader::open(files, path, wanted));
    if (!chain.empty()) KVHOST_TRY(check_link(*chain.back(), *reader));
    const uint64_t previous = reader->header().previous_end.segment;
    if (previous >= wanted) {
      return Status(StatusCode::CORRUPTION,
                    path + ": segment header at offset 32: expected a segment before " +
                        std::to_string(wanted) + ", found " + std::to_string(previous));
    }
    chain.push_back(std::move(reader));
    // The first segment of a log follows none, so it must be the one that recovery starts at.
    if (previous == 0 && from.segment != 0 && wanted > from.segment) {
      return missing(directory, from.segment, "recovery starts at");
    }
    wanted = previous;
  }
  std::reverse(chain.begin(), chain.end());
  return chain;
}

}  // namespace kvhost::engine
