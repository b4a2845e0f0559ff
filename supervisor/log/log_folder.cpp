#include "supervisor/log/log_folder.hpp"

#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <cstring>
#include <set>
#include <utility>
#include <vector>

#include "common/error.hpp"
#include "common/signal_free_thread.hpp"
#include "common/unique_fd.hpp"

namespace bulkhead::supervisor {

namespace asio = boost::asio;

LogFolder::Place::Place(std::shared_ptr<LogFolder> folder, std::uint64_t id) noexcept
    : folder_{std::move(folder)}, id_{id} {}

LogFolder::Place::~Place() {
  if (folder_) folder_->leave(id_);
}

LogFolder::LogFolder(asio::io_context& loop, std::filesystem::path folder, std::size_t most)
    : loop_{loop}, path_{std::move(folder)}, most_{most} {}

LogFolder::~LogFolder() {
  if (disk_) disk_->join();
}

Result<LogFolder::Place> LogFolder::admit(const std::string& name, const std::string& reader,
                                          std::function<void()> changed) {
  if (readers_.size() >= most_) {
    return Error{ErrorCode::LimitReached,
                 std::to_string(most_) + " logs are being read, which is the most; try again later",
                 {}};
  }
  const auto has =
      std::ranges::count(readers_, reader, [](const auto& entry) { return entry.second.reader; });
  if (static_cast<std::size_t>(has) >= std::max<std::size_t>(most_ / 2, 1)) {
    return Error{ErrorCode::LimitReached,
                 "you read " + std::to_string(has) + " logs, which is the most; end one",
                 {}};
  }
  if (changed && !watch_) {
    if (const auto watched = watch(); !watched) return watched.error();
  }
  Reader admitted{.name = name, .reader = reader, .changed = nullptr};
  if (changed) {
    admitted.changed = std::make_shared<const std::function<void()>>(std::move(changed));
  }
  readers_.emplace(++last_id_, std::move(admitted));
  return Place{shared_from_this(), last_id_};
}

Result<void> LogFolder::watch() {
  UniqueFd fd{::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)};
  if (!fd) return errno_error(ErrorCode::LimitReached, "logs cannot be watched: inotify");
  // The folder, not the files: it tells of a new file under an old name, too.
  constexpr std::uint32_t kEvents =
      IN_MODIFY | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB | IN_ONLYDIR;
  if (::inotify_add_watch(fd.get(), path_.c_str(), kEvents) < 0) {
    return errno_error(ErrorCode::LimitReached, "logs cannot be watched: inotify");
  }
  watch_.emplace(loop_, fd.release());
  wait();
  return {};
}

void LogFolder::wait() {
  watch_->async_wait(asio::posix::descriptor_base::wait_read,
                     [weak = weak_from_this()](boost::system::error_code error) {
                       const auto self = weak.lock();
                       if (error || self == nullptr || !self->watch_) return;
                       self->take_events();
                       if (self->watch_) self->wait();
                     });
}

void LogFolder::take_events() {
  std::set<std::string> changed;
  bool all = false;
  // Bounded: what is left makes the descriptor readable again.
  alignas(inotify_event) std::array<char, 16 * 1024> bytes{};
  const ssize_t got = ::read(watch_->native_handle(), bytes.data(), bytes.size());
  for (ssize_t at = 0; at < got;) {
    const auto* event = reinterpret_cast<const inotify_event*>(bytes.data() + at);
    if (event->len > 0) changed.insert(event->name);
    all = all || (event->mask & (IN_Q_OVERFLOW | IN_IGNORED)) != 0;
    at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
  }
  std::vector<std::shared_ptr<const std::function<void()>>> told;
  for (const auto& [id, reader] : readers_) {
    if (reader.changed && (all || changed.contains(reader.name))) told.push_back(reader.changed);
  }
  for (const auto& call : told) (*call)();
}

void LogFolder::read(std::function<void()> job, std::function<void()> done) {
  if (!disk_) start_signal_free(disk_);
  asio::post(*disk_, [job = std::move(job), done = std::move(done), &loop = loop_,
                      work = asio::make_work_guard(loop_)]() mutable {
    job();
    asio::post(loop, std::move(done));
  });
}

void LogFolder::leave(std::uint64_t id) noexcept {
  readers_.erase(id);
  const bool waits = std::any_of(readers_.begin(), readers_.end(),
                                 [](const auto& entry) { return entry.second.changed != nullptr; });
  if (!waits) watch_.reset();
}

}  // namespace bulkhead::supervisor
