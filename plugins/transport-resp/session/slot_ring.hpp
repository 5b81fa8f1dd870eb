// A queue whose places are used again, with the memory that their strings have.
//
// Threads:   one.
// Errors:    none; grows by doubling.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace kvhost::resp {

// Item has recycle(), which makes it as good as new.
template <typename Item>
class SlotRing {
 public:
  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  Item& operator[](std::size_t at) { return places_[(first_ + at) & (places_.size() - 1)]; }
  Item& front() { return places_[first_]; }
  Item& back() { return (*this)[size_ - 1]; }
  // References to others do not survive.
  Item& push_back() {
    if (size_ == places_.size()) grow();
    ++size_;
    return back();
  }
  void pop_front() {
    front().recycle();
    first_ = (first_ + 1) & (places_.size() - 1);
    --size_;
  }
  void trim() {
    if (empty()) std::vector<Item>().swap(places_);
  }

 private:
  void grow() {
    std::vector<Item> larger(places_.empty() ? kFirstPlaces : 2 * places_.size());
    for (std::size_t i = 0; i < size_; ++i) larger[i] = std::move((*this)[i]);
    places_ = std::move(larger);
    first_ = 0;
  }

  static constexpr std::size_t kFirstPlaces = 16;
  std::vector<Item> places_;
  std::size_t first_ = 0;
  std::size_t size_ = 0;
};

}  // namespace kvhost::resp
