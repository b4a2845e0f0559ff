#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/thread_pool.hpp>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "common/limits.hpp"
#include "common/result.hpp"

namespace bulkhead::supervisor {

/// The folder of all logs, watched for whoever reads one of them, and the one thread that reads:
/// a slow disk holds up readers of logs and nobody else. Used by the supervisor's loop. Neither
/// watch nor thread exists before the first reader; the watch ends with the last.
///
/// At most `most` tails at a time, for each may hold limits::kLogTailBytes; half of them of one
/// reader, so that nobody takes all by opening more connections.
class LogFolder : public std::enable_shared_from_this<LogFolder> {
 public:
  /// A reader's place, given back when it is destroyed.
  class Place {
   public:
    Place(std::shared_ptr<LogFolder> folder, std::uint64_t id) noexcept;
    Place(Place&&) noexcept = default;
    Place& operator=(Place&&) = delete;
    ~Place();

   private:
    std::shared_ptr<LogFolder> folder_;
    std::uint64_t id_;
  };

  LogFolder(boost::asio::io_context& loop, std::filesystem::path folder,
            std::size_t most = limits::kLogTails);
  ~LogFolder();

  /// `changed` is called after each change of the file of this name, or of what has its name; null
  /// for a reader who does not wait for any. LimitReached: too many readers, or watches.
  Result<Place> admit(const std::string& name, const std::string& reader,
                      std::function<void()> changed);

  /// `job` on the reading thread, one job at a time, then `done` on the loop.
  void read(std::function<void()> job, std::function<void()> done);

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  [[nodiscard]] std::size_t readers() const noexcept { return readers_.size(); }

 private:
  struct Reader {
    std::string name;
    std::string reader;
    std::shared_ptr<const std::function<void()>> changed;  // null: waits for nothing
  };

  Result<void> watch();
  void wait();
  void take_events();
  void leave(std::uint64_t id) noexcept;

  boost::asio::io_context& loop_;
  std::filesystem::path path_;
  std::size_t most_;
  std::map<std::uint64_t, Reader> readers_;
  std::uint64_t last_id_ = 0;
  std::optional<boost::asio::posix::stream_descriptor> watch_;  // inotify, non-blocking
  std::optional<boost::asio::thread_pool> disk_;
};

}  // namespace bulkhead::supervisor
