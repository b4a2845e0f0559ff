#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "common/error.hpp"
#include "common/token_bucket.hpp"
#include "supervisor/access/identity.hpp"

namespace spdlog {
class logger;
}

namespace bulkhead::supervisor {

/// Who changed what, and who was refused: one line each in logs/audit.log. Holds names, never
/// parameters, so no secret can be in it.
///
///     change who=NAME role=ROLE from=ADDRESS method=session.restart target=cam-1 outcome=OK
///     refused from=ADDRESS status=401 reason="the token is not known" untold=0
///
/// Status 0: it did not come as far as HTTP.
///
/// Who is refused without end shall not push others' lines out of the file: past
/// limits::kAuditRefusals a second only the next line says how many there were. Used by the
/// supervisor's loop.
class AuditLog {
 public:
  explicit AuditLog(std::shared_ptr<spdlog::logger> log);  // null: nothing is kept

  void change(const Identity& who, std::string_view method, std::string_view target,
              ErrorCode outcome);
  void refused(std::string_view address, unsigned status, std::string_view reason,
               std::int64_t now_ns);

 private:
  std::shared_ptr<spdlog::logger> log_;
  TokenBucket refusals_;
  std::uint64_t untold_ = 0;
};

}  // namespace bulkhead::supervisor
