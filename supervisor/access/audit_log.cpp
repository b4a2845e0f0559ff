#include "supervisor/access/audit_log.hpp"

#include <spdlog/logger.h>

#include <utility>

#include "common/limits.hpp"
#include "common/rotating_log.hpp"

namespace bulkhead::supervisor {

AuditLog::AuditLog(std::shared_ptr<spdlog::logger> log)
    : log_{std::move(log)}, refusals_{limits::kAuditRefusals, limits::kAuditRefusalsBurst} {}

void AuditLog::change(const Identity& who, std::string_view method, std::string_view target,
                      ErrorCode outcome) {
  if (log_ == nullptr) return;
  log_->info("change who={} role={} from={} method={} target={} outcome={}", log_value(who.name),
             name_of(who.role), who.address, method, target.empty() ? "-" : target,
             outcome == ErrorCode::None ? "OK" : name_of(outcome));
}

void AuditLog::refused(std::string_view address, unsigned status, std::string_view reason,
                       std::int64_t now_ns) {
  if (log_ == nullptr) return;
  if (refusals_.ready_ns(now_ns) > now_ns) {
    ++untold_;
    return;
  }
  refusals_.take(now_ns);
  log_->warn("refused from={} status={} reason={} untold={}", address, status, log_value(reason),
             std::exchange(untold_, 0));
}

}  // namespace bulkhead::supervisor
