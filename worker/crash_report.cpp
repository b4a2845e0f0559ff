#include "worker/crash_report.hpp"

#include <dirent.h>
#include <dlfcn.h>
#include <execinfo.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <climits>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <string_view>

#include "common/clock.hpp"

namespace bulkhead::worker {

namespace {

constexpr std::array kSignals{SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
constexpr int kMaxFrames = 48;

// What the handler needs lies ready; it may not allocate.
std::array<char, PATH_MAX> log_path{};
std::array<char, 256> origin{};  // " error SESSION GENERATION "
std::atomic<int> report_fd{-1};
int threads_fd = -1;  // this process's folder of threads; closed with the process
std::atomic<unsigned> stacks_written{0};

/// A line of the log, made without the heap; what does not fit is cut.
class Line {
 public:
  Line& text(std::string_view part) noexcept {
    const std::size_t bytes = std::min(part.size(), bytes_.size() - 1 - used_);
    std::memcpy(bytes_.data() + used_, part.data(), bytes);
    used_ += bytes;
    return *this;
  }

  Line& number(std::uint64_t value, unsigned base = 10, std::size_t width = 1) noexcept {
    std::array<char, 64> digits{};
    std::size_t at = digits.size();
    while (value != 0 || digits.size() - at < width) {
      digits[--at] = "0123456789abcdef"[value % base];
      value /= base;
    }
    return text({digits.data() + at, digits.size() - at});
  }

  void write_to(int fd) noexcept {
    bytes_[used_++] = '\n';
    // Nobody is left to tell that the disk is full.
    [[maybe_unused]] const ssize_t written = ::write(fd, bytes_.data(), used_);
    used_ = 0;
  }

 private:
  std::array<char, 1024> bytes_{};
  std::size_t used_ = 0;
};

/// As iso8601_utc, whose gmtime may take a lock; the calendar of chrono is arithmetic.
Line& time_now(Line& line) noexcept {
  using namespace std::chrono;
  const sys_time<nanoseconds> now{nanoseconds{wall_ns()}};
  const sys_days day = floor<days>(now);
  const year_month_day date{day};
  const hh_mm_ss time{floor<microseconds>(now - day)};
  const auto part = [&line](auto value, std::size_t width, std::string_view end) {
    line.number(static_cast<std::uint64_t>(value), 10, width).text(end);
  };
  part(static_cast<int>(date.year()), 4, "-");
  part(static_cast<unsigned>(date.month()), 2, "-");
  part(static_cast<unsigned>(date.day()), 2, "T");
  part(time.hours().count(), 2, ":");
  part(time.minutes().count(), 2, ":");
  part(time.seconds().count(), 2, ".");
  part(time.subseconds().count(), 6, "Z");
  return line;
}

std::string_view name_of_signal(int number) noexcept {
  switch (number) {
    case SIGSEGV:
      return "SIGSEGV";
    case SIGBUS:
      return "SIGBUS";
    case SIGILL:
      return "SIGILL";
    case SIGFPE:
      return "SIGFPE";
    default:
      return "SIGABRT";
  }
}

Line& begin(Line& line) noexcept {
  std::array<char, 16> thread{};
  ::prctl(PR_GET_NAME, thread.data());
  return time_now(line).text(origin.data()).text(thread.data()).text(" ");
}

void write_stack(int fd, Line& line) noexcept {
  std::array<void*, kMaxFrames> frames{};
  const int count = ::backtrace(frames.data(), kMaxFrames);
  for (int i = 0; i < count; ++i) {
    void* const at = frames[static_cast<std::size_t>(i)];
    Dl_info place{};
    const bool known = ::dladdr(at, &place) != 0 && place.dli_fname != nullptr;
    const auto base = known ? reinterpret_cast<std::uintptr_t>(place.dli_fbase) : 0;
    begin(line).text("stack frame=").number(static_cast<std::uint64_t>(i)).text(" at=");
    line.text(known ? place.dli_fname : "?").text("+0x");
    line.number(reinterpret_cast<std::uintptr_t>(at) - base, 16);
    if (known && place.dli_sname != nullptr) line.text(" function=").text(place.dli_sname);
    line.write_to(fd);
  }
}

void on_stack_asked(int) {
  Line line;
  write_stack(report_fd.load(), line);
  stacks_written.fetch_add(1);
}

/// Has every other thread write its own stack, one after the other; one that does not answer, in
/// a driver say, is passed over.
void write_stacks_of_others() noexcept {
  constexpr int kPatienceMs = 50;
  alignas(dirent64) std::array<char, 4096> entries{};  // more threads than a worker has
  const ssize_t bytes = ::getdents64(threads_fd, entries.data(), entries.size());
  for (ssize_t at = 0; at < bytes;) {
    const auto* entry = reinterpret_cast<const dirent64*>(entries.data() + at);
    at += entry->d_reclen;
    pid_t thread = 0;
    for (const char* digit = entry->d_name; *digit >= '0' && *digit <= '9'; ++digit) {
      thread = thread * 10 + (*digit - '0');
    }
    const unsigned before = stacks_written.load();
    if (thread == 0 || thread == ::gettid() || ::tgkill(::getpid(), thread, SIGUSR2) != 0) continue;
    for (int i = 0; i < kPatienceMs && stacks_written.load() == before; ++i) {
      constexpr timespec kMillisecond{.tv_sec = 0, .tv_nsec = 1'000'000};
      ::nanosleep(&kMillisecond, nullptr);
    }
  }
}

void on_crash(int number, siginfo_t* info, void*) {
  // O_NONBLOCK: a FIFO in the file's place must not hold up the end.
  const int fd = ::open(log_path.data(), O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
  if (fd >= 0) {
    Line line;
    begin(line).text("crashed signal=").text(name_of_signal(number));
    const bool by_itself = info->si_code > 0;
    if (by_itself) {
      line.text(" address=0x").number(reinterpret_cast<std::uintptr_t>(info->si_addr), 16);
    } else {
      line.text(" sender=").number(static_cast<std::uint64_t>(info->si_pid));
    }
    line.write_to(fd);
    write_stack(fd, line);
    // Aborted from outside it is another thread that hangs.
    report_fd.store(fd);
    if (!by_itself) write_stacks_of_others();
  }
  // SA_RESETHAND has put the default back; it acts when this handler returns.
  ::raise(number);
}

template <std::size_t N>
void keep(std::array<char, N>& place, std::string_view text) noexcept {
  const std::size_t bytes = std::min(text.size(), N - 1);
  std::memcpy(place.data(), text.data(), bytes);
  place[bytes] = '\0';
}

}  // namespace

void report_crashes(const std::string& log_file, const SubscriptionId& session,
                    Generation generation) {
  keep(log_path, log_file);
  keep(origin, " error " + session.text() + " " + std::to_string(generation) + " ");
  // Opened now, for a confined process may no longer find it: what Landlock allows of /proc is
  // forgotten where the kernel takes back the memory of its entries.
  if (threads_fd < 0) threads_fd = ::open("/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  // The first call loads libgcc, which allocates: now, not in the handler.
  std::array<void*, 1> frame{};
  ::backtrace(frame.data(), 1);
  struct sigaction action {};
  action.sa_sigaction = on_crash;
  action.sa_flags = SA_SIGINFO | static_cast<int>(SA_RESETHAND);
  for (const int number : kSignals) ::sigaction(number, &action, nullptr);
  struct sigaction asked {};
  asked.sa_handler = on_stack_asked;
  asked.sa_flags = SA_RESTART;
  ::sigaction(SIGUSR2, &asked, nullptr);
}

}  // namespace bulkhead::worker
