#include "supervisor/session/warm_spares.hpp"

#include <spdlog/logger.h>

#include <algorithm>
#include <utility>

#include "common/clock.hpp"
#include "common/rotating_log.hpp"

namespace bulkhead::supervisor {

WarmSpares::WarmSpares(boost::asio::io_context& loop, WorkerLink::Program program,
                       std::size_t count, const SpareLimits& limits,
                       std::shared_ptr<spdlog::logger> log)
    : loop_{loop},
      program_{std::move(program)},
      count_{count},
      limits_{limits},
      log_{std::move(log)},
      retry_{limits.refill, limits.retry_longest, 1},
      refill_{loop} {
  refill_in(limits_.refill);
}

std::shared_ptr<WorkerLink> WarmSpares::take() {
  refill_in(limits_.refill);
  const auto ready =
      std::ranges::find_if(spares_, [](const Spare& spare) { return spare.link->is_ready(); });
  if (ready == spares_.end()) return nullptr;
  auto taken = std::move(ready->link);
  spares_.erase(ready);
  retry_.reset();
  return taken;
}

std::size_t WarmSpares::ready() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(spares_, [](const Spare& spare) { return spare.link->is_ready(); }));
}

std::vector<std::shared_ptr<WorkerLink>> WarmSpares::links() const {
  std::vector<std::shared_ptr<WorkerLink>> links;
  for (const Spare& spare : spares_) links.push_back(spare.link);
  return links;
}

void WarmSpares::close() {
  closed_ = true;
  refill_.cancel();
  for (const Spare& spare : spares_) spare.link->kill();
  spares_.clear();
}

void WarmSpares::refill_in(std::chrono::milliseconds delay) {
  if (closed_ || count_ == 0) return;
  refill_.expires_after(delay);
  refill_.async_wait([this](const boost::system::error_code& failure) {
    if (!failure) refill();
  });
}

void WarmSpares::refill() {
  const std::int64_t now_ns = monotonic_ns();
  bool one_comes_up = false;
  for (const Spare& spare : spares_) {
    if (spare.link->is_ready()) continue;
    if (spare.link->greeted() || spare.hello_deadline_ns <= now_ns) {
      give_up(*spare.link, spare.link->greeted() ? "is held by a signal" : "does not say hello");
    } else {
      one_comes_up = true;
    }
  }
  if (one_comes_up) return refill_in(limits_.hello);
  if (spares_.size() >= count_) return;
  auto started = WorkerLink::start(loop_, program_);
  if (!started) {
    if (log_) log_->warn("no warm spare: {}", log_value(started.error().message));
    return refill_in(retry_.next());
  }
  WorkerLink& link = **started;
  link.watch({.record = [this, &link](const auto&) { give_up(link, "spoke out of turn"); },
              .broken = [this, &link](const Error& error) { give_up(link, error.message); },
              .exited = [this, &link](const ExitStatus& exit) { on_exited(link, exit); }});
  spares_.push_back(
      {std::move(*started), now_ns + std::chrono::nanoseconds{limits_.hello}.count()});
  // To look whether it is ready; and for the next one.
  refill_in(limits_.hello);
}

void WarmSpares::give_up(WorkerLink& link, const std::string& why) const {
  if (log_) log_->warn("warm spare is given up pid={}: {}", link.pid(), log_value(why));
  link.stop_reading();
  link.kill();
}

void WarmSpares::on_exited(const WorkerLink& link, const ExitStatus& exit) {
  if (log_) {
    log_->warn("warm spare ended pid={} code={} signal={}", link.pid(), exit.code, exit.signal);
  }
  std::erase_if(spares_, [&](const Spare& spare) { return spare.link.get() == &link; });
  refill_in(retry_.next());
}

}  // namespace bulkhead::supervisor
