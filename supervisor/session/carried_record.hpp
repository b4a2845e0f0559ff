#pragma once

#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>

#include "ipc/record.hpp"

namespace bulkhead::supervisor {

/// Thrown by readers of what the program before left, and caught by them with the exceptions of the
/// JSON library: one reading has a hundred places to fail and one answer.
struct Unreadable : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A record in its wire form, which has its own checks at the other end.
[[nodiscard]] nlohmann::json binary_of(const ipc::Record& record);

/// Throws Unreadable.
[[nodiscard]] ipc::Record record_from(const nlohmann::json& binary);

template <class Body>
[[nodiscard]] Body body_from(const nlohmann::json& binary) {
  ipc::Record record = record_from(binary);
  if (auto* body = std::get_if<Body>(&record.body)) return std::move(*body);
  throw Unreadable{"a record of another kind was expected"};
}

}  // namespace bulkhead::supervisor
