// Question: how fast does a message get from one process to another, and what do the queues that
// others use give? Two processes; one sends a stream, then both play ping-pong.
//
//   bench_queue            all sizes, a table in Markdown
//   bench_queue --smoke    few messages, for ctest

#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/interprocess/ipc/message_queue.hpp>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/clock.hpp"
#include "common/unique_fd.hpp"
#include "ipc/doorbell.hpp"
#include "ipc/spsc_ring.hpp"

namespace {

using namespace bulkhead;
namespace interprocess = boost::interprocess;

// Every queue holds this much, whatever the size of a message.
constexpr std::size_t kQueueBytes = 1024 * 1024;

[[noreturn]] void fail(const char* what) {
  std::perror(what);
  std::exit(1);
}

/// How often to look again before the rest of the time slice is given away: on a machine with
/// fewer free cores than processes, a pure spin would wait for the scheduler instead.
class Spin {
 public:
  void once() noexcept {
#if defined(__x86_64__)
    for (int i = 0; i < 8; ++i) __builtin_ia32_pause();
#endif
    if (++turns_ % 256 == 0) ::sched_yield();
  }

 private:
  unsigned turns_ = 0;
};

/// Memory that a forked child shares.
template <class T>
T* shared(std::size_t bytes) {
  void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) fail("mmap");
  return static_cast<T*>(memory);
}

/// One direction through our ring. The memory is left to the end of the program.
class RingChannel {
 public:
  explicit RingChannel(std::size_t /*message_bytes*/)
      : region_{shared<std::byte>(kRegionBytes), kRegionBytes},
        producer_{region_},
        consumer_{region_, kQueueBytes} {}

  void send(std::span<const std::byte> message) {
    for (Spin spin; !producer_.try_push(message);) spin.once();
  }

  std::size_t receive() {
    ipc::PopStatus popped = ipc::PopStatus::Ok;
    for (Spin spin; (popped = consumer_.try_pop(buffer_)) == ipc::PopStatus::Empty;) spin.once();
    return popped == ipc::PopStatus::Ok ? buffer_.size() : 0;
  }

 protected:
  [[nodiscard]] const ipc::SpscRingConsumer& consumer() const { return consumer_; }

 private:
  static constexpr std::size_t kRegionBytes = sizeof(ipc::SpscRingLayout) + kQueueBytes;

  std::span<std::byte> region_;
  ipc::SpscRingProducer producer_;
  ipc::SpscRingConsumer consumer_;
  std::vector<std::byte> buffer_;
};

/// The same, asleep while there is nothing: as worker and supervisor use it.
class DoorbellChannel : private RingChannel {
 public:
  explicit DoorbellChannel(std::size_t message_bytes) : RingChannel{message_bytes} {
    auto pair = ipc::Doorbell::create_pair();
    if (!pair) fail("doorbell");
    ends_ = std::move(*pair);
  }

  void send(std::span<const std::byte> message) {
    RingChannel::send(message);
    ipc::Doorbell{sleeping_, ends_.first.get()}.ring();
  }

  std::size_t receive() {
    ipc::Doorbell doorbell{sleeping_, ends_.second.get()};
    while (consumer().empty()) {
      if (!doorbell.prepare_sleep([this] { return !consumer().empty(); })) continue;
      pollfd waited{.fd = doorbell.fd(), .events = POLLIN, .revents = 0};
      ::poll(&waited, 1, -1);
      doorbell.clear();
    }
    return RingChannel::receive();
  }

 private:
  std::atomic<std::uint32_t>* sleeping_ = shared<std::atomic<std::uint32_t>>(sizeof(*sleeping_));
  std::pair<UniqueFd, UniqueFd> ends_;
};

/// One direction through Boost's queue, which has a name and a lock.
class BoostChannel {
 public:
  explicit BoostChannel(std::size_t message_bytes)
      : name_{"bulkhead-bench-" + std::to_string(::getpid()) + '-' + std::to_string(++count_)},
        queue_{interprocess::create_only, name_.c_str(), kQueueBytes / message_bytes,
               message_bytes},
        buffer_(message_bytes) {
    // Both processes hold it by now or inherit it; the name has done its work.
    interprocess::message_queue::remove(name_.c_str());
  }

  void send(std::span<const std::byte> message) { queue_.send(message.data(), message.size(), 0); }

  std::size_t receive() {
    std::size_t size = 0;
    unsigned priority = 0;
    queue_.receive(buffer_.data(), buffer_.size(), size, priority);
    return size;
  }

 private:
  static inline int count_ = 0;
  std::string name_;
  interprocess::message_queue queue_;
  std::vector<std::byte> buffer_;
};

/// One direction through a UNIX socket that keeps message borders.
class SocketChannel {
 public:
  explicit SocketChannel(std::size_t message_bytes) : buffer_(message_bytes) {
    std::array<int, 2> fds{};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds.data()) != 0) fail("socketpair");
    sender_ = UniqueFd{fds[0]};
    receiver_ = UniqueFd{fds[1]};
  }

  void send(std::span<const std::byte> message) {
    if (::send(sender_.get(), message.data(), message.size(), 0) < 0) fail("send");
  }

  std::size_t receive() {
    const ssize_t got = ::recv(receiver_.get(), buffer_.data(), buffer_.size(), 0);
    if (got < 0) fail("recv");
    return static_cast<std::size_t>(got);
  }

 private:
  UniqueFd sender_;
  UniqueFd receiver_;
  std::vector<std::byte> buffer_;
};

struct Figures {
  double messages_per_second = 0;
  double p50_us = 0;
  double p99_us = 0;
};

struct Plan {
  std::size_t message_bytes = 0;
  int messages = 0;
  int round_trips = 0;
};

/// The other process: takes the stream, says so, then returns every message.
template <class Channel>
[[noreturn]] void play_peer(Channel& there, Channel& back, const Plan& plan) {
  const std::vector<std::byte> message(plan.message_bytes);
  std::size_t wrong = 0;
  for (int i = 0; i < plan.messages; ++i) wrong += there.receive() != plan.message_bytes ? 1 : 0;
  back.send(message);
  for (int i = 0; i < plan.round_trips; ++i) {
    wrong += there.receive() != plan.message_bytes ? 1 : 0;
    back.send(message);
  }
  ::_exit(wrong == 0 ? 0 : 1);
}

/// Worker and supervisor run on two processors, so the two processes here do as well.
void run_on(unsigned processor) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(processor % static_cast<unsigned>(::get_nprocs()), &set);
  ::sched_setaffinity(0, sizeof set, &set);
}

template <class Channel>
Figures measure(const Plan& plan) {
  Channel there{plan.message_bytes};
  Channel back{plan.message_bytes};
  const pid_t peer = ::fork();
  if (peer < 0) fail("fork");
  if (peer == 0) {
    run_on(1);
    play_peer(there, back, plan);
  }
  run_on(0);

  const std::vector<std::byte> message(plan.message_bytes);
  const std::int64_t start = monotonic_ns();
  for (int i = 0; i < plan.messages; ++i) there.send(message);
  back.receive();
  const std::int64_t streamed = monotonic_ns() - start;

  std::vector<double> trips_us;
  for (int i = 0; i < plan.round_trips; ++i) {
    const std::int64_t sent = monotonic_ns();
    there.send(message);
    back.receive();
    trips_us.push_back(static_cast<double>(monotonic_ns() - sent) / 1e3);
  }
  int status = 0;
  if (::waitpid(peer, &status, 0) != peer || status != 0) {
    std::fprintf(stderr, "a message of %zu bytes arrived with another size\n", plan.message_bytes);
    std::exit(1);
  }
  std::ranges::sort(trips_us);
  return {.messages_per_second = plan.messages * 1e9 / static_cast<double>(streamed),
          .p50_us = trips_us[trips_us.size() / 2],
          .p99_us = trips_us[trips_us.size() * 99 / 100]};
}

Figures measure_python(const Plan& plan) {
  const std::string command =
      "/usr/bin/python3 -B " BULKHEAD_BENCH_DIR "/queue_mp.py " + std::to_string(plan.messages) +
      ' ' + std::to_string(plan.round_trips) + ' ' + std::to_string(plan.message_bytes);
  std::FILE* output = ::popen(command.c_str(), "r");
  Figures figures;
  const bool complete =
      output != nullptr && std::fscanf(output, "%lf %lf %lf", &figures.messages_per_second,
                                       &figures.p50_us, &figures.p99_us) == 3;
  if (!complete || ::pclose(output) != 0) fail("queue_mp.py");
  return figures;
}

struct Contender {
  std::string_view name;
  double share = 1;  // of the messages: so that a slow one does not take all the time
  std::function<Figures(const Plan&)> measure;
};

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

/// The median over rounds of what `figure` takes from a round.
template <class Figure>
double median_of(const std::vector<std::vector<Figures>>& rounds, Figure figure) {
  std::vector<double> values;
  for (const auto& round : rounds) values.push_back(figure(round));
  return median(std::move(values));
}

/// Contenders take turns in short rounds, and ratios are taken within a round: a machine whose
/// speed changes by the minute then changes it for all of them.
void compare(const std::vector<Contender>& contenders, const Plan& plan, int rounds) {
  std::vector<std::vector<Figures>> measured;
  for (int round = 0; round < rounds; ++round) {
    auto& figures = measured.emplace_back();
    for (const Contender& contender : contenders) {
      Plan own = plan;
      own.messages = std::max(100, static_cast<int>(plan.messages * contender.share));
      own.round_trips = std::max(100, static_cast<int>(plan.round_trips * contender.share));
      figures.push_back(contender.measure(own));
    }
  }
  for (std::size_t i = 0; i < contenders.size(); ++i) {
    const auto rate_over = [i](std::size_t other) {
      return [i, other](const std::vector<Figures>& round) {
        return round[i].messages_per_second / round[other].messages_per_second;
      };
    };
    std::printf(
        "| %zu | %s | %.3f | %.1f | %.2f | %.2f | %.2f |\n", plan.message_bytes,
        contenders[i].name.data(),
        median_of(measured, [i](const auto& round) { return round[i].messages_per_second / 1e6; }),
        median_of(measured, rate_over(contenders.size() - 1)),
        median_of(measured, rate_over(contenders.size() - 2)),
        median_of(measured, [i](const auto& round) { return round[i].p50_us; }),
        median_of(measured, [i](const auto& round) { return round[i].p99_us; }));
  }
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  const bool smoke = argc == 2 && std::string_view{argv[1]} == "--smoke";
  // The last two are what the others are compared with.
  const std::vector<Contender> contenders{
      {"ring, spinning", 1, measure<RingChannel>},
      {"ring, doorbell", 1, measure<DoorbellChannel>},
      {"UNIX SEQPACKET", 0.2, measure<SocketChannel>},
      {"Boost message_queue", 0.5, measure<BoostChannel>},
      {"Python mp.Queue", 0.02, measure_python},
  };
  std::puts(
      "| bytes | queue | M messages/s | × Python | × Boost | round trip p50 µs | p99 µs |\n"
      "| --- | --- | --- | --- | --- | --- | --- |");
  for (const auto& [bytes, messages] : {std::pair{64, 300'000}, std::pair{256, 300'000},
                                        std::pair{4096, 60'000}, std::pair{65536, 10'000}}) {
    const Plan plan{.message_bytes = static_cast<std::size_t>(bytes),
                    .messages = smoke ? 2'000 : messages,
                    .round_trips = smoke ? 200 : 5'000};
    compare(contenders, plan, smoke ? 1 : 11);
  }
  return 0;
}
