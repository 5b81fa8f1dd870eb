// A value or the Status that says why there is none; std::expected's member names.
//
// Threads:   a value.
// Errors:    value() and error() assert that they are asked for what is there; always on.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <type_traits>
#include <utility>
#include <variant>

#include "kvhost/status.hpp"

namespace kvhost {

// For `return unexpected(status);` where the value type is itself built from a Status.
struct Unexpected {
  Status status;
};
inline Unexpected unexpected(Status status) { return {std::move(status)}; }

template <typename T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT(*-explicit-*)
  Result(Status error) : state_(std::in_place_index<1>, std::move(error)) {  // NOLINT(*-explicit-*)
    require(!std::get<1>(state_).is_ok(), "a Result was made from an OK status");
  }
  Result(Unexpected error) : Result(std::move(error.status)) {}  // NOLINT(*-explicit-*)
  template <typename U>
  requires(std::is_constructible_v<T, U&&> && !std::is_same_v<std::remove_cvref_t<U>, Result> &&
           !std::is_same_v<std::remove_cvref_t<U>, T> &&
           !std::is_same_v<std::remove_cvref_t<U>, Status> &&
           !std::is_same_v<std::remove_cvref_t<U>, Unexpected> && std::is_convertible_v<U&&, T>)
      Result(U&& value)  // NOLINT(*-explicit-*)
      : state_(std::in_place_index<0>, std::forward<U>(value)) {}

  bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }

  T& value() & { return checked(); }
  const T& value() const& { return const_cast<Result*>(this)->checked(); }
  T&& value() && { return std::move(checked()); }
  T& operator*() & { return checked(); }
  const T& operator*() const& { return const_cast<Result*>(this)->checked(); }
  T&& operator*() && { return std::move(checked()); }
  T* operator->() { return &checked(); }
  const T* operator->() const { return &const_cast<Result*>(this)->checked(); }

  template <typename U>
  T value_or(U&& fallback) const& {
    return has_value() ? **this : static_cast<T>(std::forward<U>(fallback));
  }

  const Status& error() const {
    require(!has_value(), "error() of a Result that holds a value");
    return std::get<1>(state_);
  }
  // OK, or the error.
  Status status() const { return has_value() ? Status::ok() : std::get<1>(state_); }

 private:
  static void require(bool condition, const char* what) {
    if (condition) return;
    std::fprintf(stderr, "kvhost: %s\n", what);
    std::abort();
  }
  T& checked() {
    if (!has_value()) {
      std::fprintf(stderr, "kvhost: value() of a failed Result: %s\n",
                   std::get<1>(state_).to_string().c_str());
      std::abort();
    }
    return std::get<0>(state_);
  }

  std::variant<T, Status> state_;
};

}  // namespace kvhost

// `KVHOST_TRY(expression);` returns the Status of a failed Status expression from the caller.
#define KVHOST_TRY(...)                                                                   \
  do {                                                                                    \
    if (::kvhost::Status kvhost_try_status = (__VA_ARGS__); !kvhost_try_status.is_ok()) { \
      return kvhost_try_status;                                                           \
    }                                                                                     \
  } while (false)

#define KVHOST_TRY_CONCAT_INNER(a, b) a##b
#define KVHOST_TRY_CONCAT(a, b) KVHOST_TRY_CONCAT_INNER(a, b)
// `KVHOST_TRY_ASSIGN(auto x, expression);` binds the value of a Result, or returns its Status.
#define KVHOST_TRY_ASSIGN(declaration, ...)                             \
  auto KVHOST_TRY_CONCAT(kvhost_try_result_, __LINE__) = (__VA_ARGS__); \
  if (!KVHOST_TRY_CONCAT(kvhost_try_result_, __LINE__)) {               \
    return KVHOST_TRY_CONCAT(kvhost_try_result_, __LINE__).error();     \
  }                                                                     \
  declaration = std::move(*KVHOST_TRY_CONCAT(kvhost_try_result_, __LINE__))
