#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/result.hpp"
#include "supervisor/log/log_cursor.hpp"
#include "supervisor/log/log_filter.hpp"
#include "supervisor/log/log_folder.hpp"
#include "supervisor/log/tail_queue.hpp"

namespace bulkhead::supervisor {

/// What one reader wants of one log.
struct LogRequest {
  std::string session = {};  // whose log it is; empty: the supervisor's own
  std::string name = {};     // of the file, in the folder of logs
  std::string reader = {};   // who reads it, on however many connections
  LogFilter filter = {};
  std::size_t lines = 0;  // the last ones there are now
  bool follow = false;    // and what is appended from then on
};

/// What a reader is told next.
struct LogBatch {
  std::uint64_t lost = 0;  // lines that its reader was too slow for, before those here
  std::vector<std::string> lines = {};
  bool is_cut = false;                    // more was asked for than is searched and kept
  std::optional<LogFileState> file = {};  // when it changes: There again, Missing, Refused
  bool is_end = false;                    // nothing follows
};

/// One reader of one log, of a camera whose worker may be dead or of the supervisor itself: its
/// last lines, then, if wanted, what is appended, across rotation. Owned by its connection, used
/// by the supervisor's loop; the files are read by the thread of the LogFolder.
///
/// A reader that does not take its lines costs a TailQueue of memory, and loses the oldest; it
/// never holds up the log, the loop or another reader.
class LogTail : public std::enable_shared_from_this<LogTail> {
 public:
  /// `wake` is called when there is something to take after there was nothing; later, never from
  /// here. LimitReached.
  static Result<std::shared_ptr<LogTail>> start(const std::shared_ptr<LogFolder>& folder,
                                                LogRequest request, std::function<void()> wake,
                                                TailQueue::Limits limits = {});

  [[nodiscard]] const LogRequest& request() const noexcept { return request_; }
  [[nodiscard]] bool empty() const noexcept;

  /// The next lines, at most `bytes` of them and of the longest.
  [[nodiscard]] LogBatch take(std::size_t bytes);

  /// `wake` is not called any more.
  void stop() noexcept { wake_ = nullptr; }

 private:
  /// What the reading thread works on, while `is_reading_`.
  struct Reading;

  LogTail(std::shared_ptr<LogFolder> folder, LogRequest request, std::function<void()> wake,
          TailQueue::Limits limits);

  void read();
  void on_read();
  void on_changed();

  std::shared_ptr<LogFolder> folder_;
  LogRequest request_;
  std::function<void()> wake_;
  TailQueue queue_;
  std::shared_ptr<Reading> reading_;
  std::optional<LogFolder::Place> place_;
  bool is_reading_ = false;
  bool is_changed_ = false;  // while it was being read
  bool is_cut_ = false;      // not told yet
  bool is_at_end_ = false;   // of one that does not follow
  bool is_end_told_ = false;
  LogFileState told_ = LogFileState::There;
  LogFileState now_ = LogFileState::There;
};

}  // namespace bulkhead::supervisor
