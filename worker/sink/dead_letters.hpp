#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include "common/result.hpp"
#include "common/sink_limits.hpp"
#include "worker/sink/sink.hpp"

namespace bulkhead::worker {

/// Records that a sink refuses for what they are, one line of JSON each, with the reason; for an
/// operator to look at, nothing reads them back. At limits::kDeadLetterBytes the file gets the name
/// FILE.1, in the place of the one before. Of one sink's thread; opened for each line, for there
/// are few.
class DeadLetters {
 public:
  DeadLetters(std::filesystem::path file, std::string session)
      : file_{std::move(file)}, session_{std::move(session)} {}

  Result<> add(const SinkRecord& record, std::string_view reason);

 private:
  std::filesystem::path file_;
  std::string session_;
};

}  // namespace bulkhead::worker
