#pragma once

#include <utility>

#include "common/error.hpp"

namespace bulkhead::worker {

/// The same failure as `Sink::write` tells it. There, permanent says that the record is at fault
/// and shall be set aside; a wrong password or a missing table is no fault of any record, which is
/// kept until the operator has seen to the server.
[[nodiscard]] inline Error without_blame(Error error) {
  if (persistence_of(error.code) == Persistence::Permanent) error.code = ErrorCode::Unavailable;
  return error;
}

}  // namespace bulkhead::worker
