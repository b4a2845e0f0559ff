#include "worker/control_loop.hpp"

#include <poll.h>
#include <spdlog/logger.h>
#include <sys/signalfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <string>
#include <type_traits>
#include <utility>

#include "common/clock.hpp"
#include "common/limits.hpp"
#include "common/rotating_log.hpp"

namespace bulkhead::worker {

Result<ControlLoop> ControlLoop::create(Parties parties) {
  sigset_t wanted{};
  ::sigemptyset(&wanted);
  ::sigaddset(&wanted, SIGTERM);
  UniqueFd signals{::signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK)};
  if (!signals) return errno_error(ErrorCode::LimitReached, "signalfd");
  return ControlLoop{std::move(parties), std::move(signals)};
}

ControlLoop::ControlLoop(Parties parties, UniqueFd signals)
    : parties_{std::move(parties)},
      signals_{std::move(signals)},
      commands_{parties_.segment.command_ring(), limits::kControlMessageBytes},
      doorbell_{&parties_.segment.command_consumer_sleeping(), ipc::kCommandDoorbellFd} {}

ipc::WorkerExit ControlLoop::run() {
  for (;;) {
    if (const auto code = parties_.exit.requested()) return *code;
    if (const auto code = take_commands()) return *code;
    if (monotonic_ns() >= next_tick_ns_) tick();
    if (!doorbell_.prepare_sleep([this] { return !commands_.empty(); })) continue;
    const auto code = wait();
    doorbell_.clear();
    if (code) return *code;
  }
}

std::optional<ipc::WorkerExit> ControlLoop::take_commands() {
  for (;;) {
    const ipc::PopStatus popped = commands_.try_pop(message_);
    if (popped == ipc::PopStatus::Empty) return std::nullopt;
    if (popped == ipc::PopStatus::Corrupt) return protocol_error("the command ring is corrupt");
    const auto command = ipc::decode_command(message_);
    if (!command) return protocol_error(command.error().message);
    if (obey(*command) == Next::Stop) return ipc::kExitOk;
  }
}

ControlLoop::Next ControlLoop::obey(const ipc::Command& command) {
  ipc::StatusPage& status = parties_.segment.status();
  status.commands_total.fetch_add(1, std::memory_order_relaxed);
  if (command.deadline_ns != 0 && monotonic_ns() > command.deadline_ns) {
    status.commands_expired_total.fetch_add(1, std::memory_order_relaxed);
    acknowledge(command.request_id,
                Error{ErrorCode::Timeout, "the command came too late to be carried out", {}});
    return Next::Continue;
  }
  if (std::holds_alternative<ipc::Stop>(command.body)) {
    parties_.log.info("stopping reason=command");
    acknowledge(command.request_id, {});
    return Next::Stop;
  }
  std::visit(
      [&](const auto& body) {
        if constexpr (!std::is_same_v<std::decay_t<decltype(body)>, ipc::Stop>) {
          acknowledge(command.request_id, carry_out(body));
        }
      },
      command.body);
  return Next::Continue;
}

Result<> ControlLoop::carry_out(const ipc::TakeSnapshot& snapshot) {
  const auto frame_id = parties_.preview.take(snapshot.quality);
  if (!frame_id) return frame_id.error();
  return {};
}

Result<> ControlLoop::carry_out(const ipc::SetLogLevel& change) {
  return set_log_level(parties_.log, change.level);
}

Result<> ControlLoop::carry_out(const ipc::OpenCamera& open) {
  parties_.open_camera(open.left);
  return {};
}

Result<> ControlLoop::carry_out(const ipc::Reconfigure& tuning) {
  parties_.tuning.put(tuning);
  return {};
}

Result<> ControlLoop::carry_out(const ipc::SetContext& set) {
  parties_.context.put(set.context);
  return {};
}

Result<> ControlLoop::carry_out(const ipc::CountResults& count) {
  parties_.count_results(count.after_capture_ns);
  return {};
}

Result<> ControlLoop::carry_out(const ipc::DebugGst& debug) { return parties_.debug_gst(debug); }

Result<> ControlLoop::carry_out(const ipc::StartCanary& start) {
  return parties_.start_canary(start);
}

Result<> ControlLoop::carry_out(const ipc::StopCanary&) {
  parties_.stop_canary();
  return {};
}

void ControlLoop::acknowledge(std::uint64_t request_id, const Result<>& outcome) {
  ipc::Ack ack{.request_id = request_id, .text = {}};
  if (!outcome) {
    ack.code = outcome.error().code;
    ack.text = outcome.error().message;
    parties_.log.warn("command failed request={} code={} text={}", request_id, name_of(ack.code),
                      log_value(ack.text));
  }
  parties_.publisher.publish(ipc::PriorityClass::Control, std::move(ack));
}

void ControlLoop::tick() {
  parties_.publisher.flush();
  parties_.on_tick();
  parties_.log.flush();  // counts of repeated lines that are due
  parties_.segment.status().control_ticks_total.fetch_add(1, std::memory_order_relaxed);
  next_tick_ns_ = monotonic_ns() + std::chrono::nanoseconds{limits::kControlTick}.count();
}

std::optional<ipc::WorkerExit> ControlLoop::wait() {
  std::array<pollfd, 4> waited{pollfd{ipc::kControlFd, POLLIN, 0},
                               pollfd{doorbell_.fd(), POLLIN, 0}, pollfd{signals_.get(), POLLIN, 0},
                               pollfd{parties_.exit.fd(), POLLIN, 0}};
  const std::int64_t left_ns = std::max<std::int64_t>(0, next_tick_ns_ - monotonic_ns());
  const int timeout_ms = static_cast<int>((left_ns + kNsPerMs - 1) / kNsPerMs);
  if (::poll(waited.data(), waited.size(), timeout_ms) <= 0) return std::nullopt;
  if (waited[0].revents != 0 && supervisor_is_gone()) {
    parties_.log.warn("stopping reason=supervisor_gone");
    return ipc::kExitOk;
  }
  if (waited[2].revents != 0) {
    parties_.log.info("stopping reason=SIGTERM");
    return ipc::kExitOk;
  }
  return std::nullopt;
}

bool ControlLoop::supervisor_is_gone() {
  std::byte unexpected{};
  const ssize_t got = ::recv(ipc::kControlFd, &unexpected, sizeof unexpected, MSG_DONTWAIT);
  if (got < 0) return errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR;
  if (got == 0) return true;
  parties_.log.warn("a packet after the start message was ignored");
  return false;
}

ipc::WorkerExit ControlLoop::protocol_error(std::string_view what) {
  parties_.log.error("stopping reason=protocol_error text={}", log_value(what));
  parties_.publisher.publish(ipc::PriorityClass::Critical,
                             ipc::Fatal{ErrorCode::ProtocolError, std::string{what}});
  return ipc::kExitInternal;
}

}  // namespace bulkhead::worker
