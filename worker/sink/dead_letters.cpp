#include "worker/sink/dead_letters.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "common/clock.hpp"
#include "common/sink_limits.hpp"
#include "common/unique_fd.hpp"
#include "worker/sink/spool_segment.hpp"

namespace bulkhead::worker {

Result<> DeadLetters::add(const SinkRecord& record, std::string_view reason) {
  const nlohmann::ordered_json letter{
      {"ts", iso8601_utc(wall_ns())},
      {"session", session_},
      {"generation", record.generation},
      {"sequence", record.sequence},
      {"class", name_of(record.priority)},
      {"reason", reason},
      {"record", record.json},
  };
  using nlohmann::ordered_json;
  std::string line = letter.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
  line += '\n';
  UniqueFd fd;
  for (const bool is_new : {false, true}) {
    fd.reset(::open(file_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640));
    struct stat status {};
    if (!fd || ::fstat(fd.get(), &status) != 0) return errno_error(ErrorCode::Io, file_.string());
    const auto size = static_cast<std::uint64_t>(status.st_size);
    if (is_new || size == 0 || size + line.size() <= limits::kDeadLetterBytes) {
      return write_at(fd.get(), line, size);
    }
    if (std::rename(file_.c_str(), (file_.string() + ".1").c_str()) != 0) {
      return errno_error(ErrorCode::Io, file_.string());
    }
  }
  return {};
}

}  // namespace bulkhead::worker
