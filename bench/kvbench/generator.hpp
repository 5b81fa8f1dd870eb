// Keys and values as functions of a number: the same bytes for every engine, checkable when read.
//
// Threads:   values.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace kvbench {

// A bijection on 64 bits: distinct numbers give distinct, well spread numbers. (splitmix64's
// finaliser, Steele, Lea and Flood 2014.)
constexpr uint64_t scramble(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

// 16 bytes: sixteen hexadecimal digits of the number, so that keys sort as numbers do.
class Key {
 public:
  explicit Key(uint64_t number) {
    for (int i = 15; i >= 0; --i, number >>= 4) bytes_[i] = "0123456789abcdef"[number & 15];
  }
  std::string_view view() const { return {bytes_.data(), bytes_.size()}; }
  // Requires a view() of sixteen digits.
  static uint64_t number_of(std::string_view key) {
    return half_of(key.data()) << 32 | half_of(key.data() + 8);
  }

 private:
  // Eight digits at once: what the driver costs dilutes every ratio.
  static uint64_t half_of(const char* digits) {
    uint64_t word = 0;
    std::memcpy(&word, digits, 8);
    word = __builtin_bswap64(word);
    word = (word & 0x0f0f0f0f0f0f0f0fULL) + 9 * ((word >> 6) & 0x0101010101010101ULL);
    word = (word | word >> 4) & 0x00ff00ff00ff00ffULL;
    word = (word | word >> 8) & 0x0000ffff0000ffffULL;
    return (word | word >> 16) & 0xffffffffULL;
  }
  std::array<char, 16> bytes_;
};

// Key number `index` of a data set: in order of insertion, or spread over the whole range.
inline uint64_t key_number(uint64_t index, bool is_sequential) {
  return is_sequential ? index : scramble(index + 1);
}

// Values of one length, about half of which LZ4 can save.
class Values {
 public:
  // Without `is_checked` every value is taken for right, unread: as db_bench does.
  explicit Values(std::size_t length, bool is_checked = true)
      : length_(length), is_checked_(is_checked), pool_(kPool + length, '\0') {
    std::mt19937_64 random(42);
    for (std::size_t i = 0; i < pool_.size(); i += 16) {
      const uint64_t word = random();
      for (std::size_t k = i; k < i + 16 && k < pool_.size(); ++k) {
        pool_[k] = static_cast<char>(word >> (8 * ((k - i) % 8)));
      }
    }
  }
  std::size_t length() const { return length_; }

  // The value of `number` at `version`, in `out`, whose size becomes length().
  void make(uint64_t number, uint64_t version, std::string& out) const {
    out.assign(body(number, version), length_);
    write_head(out.data(), number, version);
  }
  // True when `value` is that of `number` at the version it states.
  bool is_value_of(std::string_view value, uint64_t number) const {
    if (!is_checked_) return true;
    if (value.size() != length_) return false;
    uint64_t version = 0;
    uint32_t stated = 0;
    std::memcpy(&stated, value.data() + 4, 4);
    version = stated;
    char head[8];
    write_head(head, number, version);
    return std::memcmp(head, value.data(), 8) == 0 &&
           std::memcmp(value.data() + 8, body(number, version) + 8, length_ - 8) == 0;
  }

 private:
  // Small enough to stay in a core's cache: the check of a value shall read the value, and little
  // else.
  static constexpr std::size_t kPool = std::size_t{32} << 10;
  const char* body(uint64_t number, uint64_t version) const {
    return pool_.data() + (scramble(number + version * 31) % kPool);
  }
  static void write_head(char* out, uint64_t number, uint64_t version) {
    const auto mark = static_cast<uint32_t>(scramble(number ^ 0x5bd1e995));
    const auto stated = static_cast<uint32_t>(version);
    std::memcpy(out, &mark, 4);
    std::memcpy(out + 4, &stated, 4);
  }

  std::size_t length_;
  bool is_checked_;
  std::string pool_;
};

// Uniform and zipfian choices of an index below `count`.
class Chooser {
 public:
  Chooser(uint64_t count, bool is_zipfian, uint64_t seed)
      : count_(count), is_zipfian_(is_zipfian), state_(seed * 0x9e3779b97f4a7c15ULL + 1) {
    if (!is_zipfian_) return;
    // Gray et al., "Quickly generating billion-record synthetic databases", theta 0.99 as in YCSB.
    for (uint64_t i = 1; i <= count_; ++i) zeta_ += 1.0 / std::pow(static_cast<double>(i), kTheta);
    const double zeta2 = 1.0 + std::pow(0.5, kTheta);
    alpha_ = 1.0 / (1.0 - kTheta);
    eta_ =
        (1.0 - std::pow(2.0 / static_cast<double>(count_), 1.0 - kTheta)) / (1.0 - zeta2 / zeta_);
  }
  uint64_t next() { return is_zipfian_ ? scramble(zipf() + 7) % count_ : raw() % count_; }
  uint64_t raw() { return scramble(state_ += 0x9e3779b97f4a7c15ULL); }

 private:
  static constexpr double kTheta = 0.99;
  uint64_t zipf() {
    const double u = static_cast<double>(raw() >> 11) * 0x1p-53;
    const double uz = u * zeta_;
    if (uz < 1.0) return 0;
    if (uz < 1.0 + std::pow(0.5, kTheta)) return 1;
    return static_cast<uint64_t>(static_cast<double>(count_) *
                                 std::pow(eta_ * u - eta_ + 1.0, alpha_));
  }
  uint64_t count_;
  bool is_zipfian_;
  uint64_t state_;
  double zeta_ = 0;
  double alpha_ = 0;
  double eta_ = 0;
};

}  // namespace kvbench
