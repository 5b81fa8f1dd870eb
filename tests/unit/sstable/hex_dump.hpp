// Bytes with their meaning beside them, for the golden dump of a format.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

namespace kvhost::engine::test {

class HexDump {
 public:
  explicit HexDump(std::string_view bytes) : bytes_(bytes) {}

  void title(const std::string& text) { text_ += "\n" + text + "\n"; }
  // The next `size` bytes, with a note at their first line.
  void field(std::size_t size, const std::string& note) {
    constexpr std::size_t kPerLine = 16;
    for (std::size_t done = 0; done < size; done += kPerLine) {
      char offset[16];
      std::snprintf(offset, sizeof offset, "%06zx ", at_ + done);
      std::string line = offset;
      for (std::size_t i = done; i < done + kPerLine; ++i) {
        char byte[4] = "   ";
        if (i < size)
          std::snprintf(byte, sizeof byte, " %02x", static_cast<uint8_t>(bytes_[at_ + i]));
        line += byte;
      }
      if (done == 0) line += "  " + note;
      line.erase(line.find_last_not_of(' ') + 1);
      text_ += line + "\n";
    }
    at_ += size;
  }
  std::size_t at() const { return at_; }
  const std::string& text() const { return text_; }

 private:
  std::string_view bytes_;
  std::size_t at_ = 0;
  std::string text_;
};

}  // namespace kvhost::engine::test
