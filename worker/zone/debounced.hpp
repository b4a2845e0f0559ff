#pragma once

#include <cstdint>
#include <optional>

namespace bulkhead::worker {

/// A yes or no that counts as changed once it has been seen otherwise for a while without a break:
/// a box that jitters on a border changes nothing. Begins with no. A value; time is the caller's.
class Debounced {
 public:
  /// As it is seen now. True: it has changed.
  bool update(bool seen, std::int64_t at_ns, std::int64_t lasting_ns) noexcept {
    if (seen == value_) {
      differs_since_ns_.reset();
      return false;
    }
    if (!differs_since_ns_) differs_since_ns_ = at_ns;
    if (at_ns - *differs_since_ns_ < lasting_ns) return false;
    value_ = seen;
    since_ns_ = *differs_since_ns_;
    differs_since_ns_.reset();
    return true;
  }

  [[nodiscard]] bool value() const noexcept { return value_; }

  /// When what is now was first seen, which is before it counted.
  [[nodiscard]] std::int64_t since_ns() const noexcept { return since_ns_; }

 private:
  bool value_ = false;
  std::int64_t since_ns_ = 0;
  std::optional<std::int64_t> differs_since_ns_;
};

}  // namespace bulkhead::worker
