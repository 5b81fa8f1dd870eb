// Crossing the boundary: bytes, errors, sinks; exceptions become words.
#pragma once

#include <cstring>
#include <exception>
#include <new>
#include <string>
#include <string_view>

#include "kvhost/abi/types.h"
#include "kvhost/result.hpp"

namespace kvhost::detail {

constexpr kvh_bytes to_bytes(std::string_view text) { return {text.data(), text.size()}; }
constexpr std::string_view to_view(kvh_bytes bytes) {
  return bytes.size == 0 ? std::string_view() : std::string_view(bytes.data, bytes.size);
}

inline kvh_error make_error() {
  kvh_error error;
  error.size = sizeof(kvh_error);
  error.code = KVH_OK;
  error.text_size = 0;
  error.reserved = 0;
  return error;
}

// Fills `error`, which may be null, and returns the code.
inline int32_t write_error(kvh_error* error, int32_t code, std::string_view text) noexcept {
  if (error == nullptr) return code;
  const std::size_t length =
      text.size() < KVH_ERROR_TEXT_CAPACITY ? text.size() : KVH_ERROR_TEXT_CAPACITY;
  error->code = code;
  error->text_size = static_cast<uint32_t>(length);
  if (length != 0) std::memcpy(error->text, text.data(), length);
  return code;
}

inline int32_t write_status(kvh_error* error, const Status& status) noexcept {
  if (status.is_ok()) return KVH_OK;
  return write_error(error, static_cast<int32_t>(status.code()), status.message());
}

// The Status of a code and the words beside it, if any.
inline Status read_status(int32_t code, const kvh_error* error) {
  if (code == KVH_OK) return {};
  std::string text;
  if (error != nullptr && error->text_size != 0) {
    const std::size_t length =
        error->text_size < KVH_ERROR_TEXT_CAPACITY ? error->text_size : KVH_ERROR_TEXT_CAPACITY;
    text.assign(error->text, length);
  }
  return {static_cast<StatusCode>(code), std::move(text)};
}

// Runs `body` (returning a status code) and turns a throw into PLUGIN_ERROR with its words.
template <typename Body>
int32_t guarded(kvh_error* error, const char* where, Body&& body) noexcept {
  try {
    return body();
  } catch (const std::bad_alloc&) {
    return write_error(error, KVH_OUT_OF_MEMORY, "memory could not be had");
  } catch (const std::exception& thrown) {
    try {
      return write_error(error, KVH_PLUGIN_ERROR, std::string(where) + " threw: " + thrown.what());
    } catch (...) {
      return write_error(error, KVH_PLUGIN_ERROR, "threw an exception");
    }
  } catch (...) {
    return write_error(error, KVH_PLUGIN_ERROR, "threw something that is no std::exception");
  }
}

// For slots that cannot report: a throw ends here.
template <typename Body>
void swallowed(Body&& body) noexcept {
  try {
    body();
  } catch (...) {  // NOLINT(bugprone-empty-catch): there is nobody to tell
  }
}

// Element `index` of an array whose elements are `stride` bytes apart.
template <typename T>
const T& strided(const T* first, uint64_t stride, uint64_t index) {
  return *reinterpret_cast<const T*>(reinterpret_cast<const char*>(first) + index * stride);
}

// Sends text to a bytes sink in one piece.
inline void send(kvh_bytes_sink sink, std::string_view text) noexcept {
  if (sink.fn != nullptr) sink.fn(sink.ctx, to_bytes(text));
}

// A sink that collects into a string.
inline kvh_bytes_sink string_sink(std::string& out) {
  return {[](void* ctx, kvh_bytes piece) noexcept -> int32_t {
            try {
              static_cast<std::string*>(ctx)->append(to_view(piece));
              return 0;
            } catch (...) {
              return KVH_OUT_OF_MEMORY;
            }
          },
          &out};
}

}  // namespace kvhost::detail
