#pragma once

#include <zip.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>

#include "common/result.hpp"
#include "worker/fetch/bundle.hpp"

namespace bulkhead::worker {

/// A zip of which every entry has been judged by its directory: names, kinds, sizes, ways of
/// packing. Reading holds entries to what the directory said of them.
class ZipArchive {
 public:
  /// `file` is read from here on, and not to be used otherwise. ModelInvalid, LimitReached.
  static Result<ZipArchive> open(int file, const BundleLimits& limits);

  [[nodiscard]] bool has(const std::string& name) const { return entries_.contains(name); }

  /// LimitReached where it has more than `max_bytes`; ModelInvalid where there is none, or it is
  /// damaged.
  [[nodiscard]] Result<std::string> text(const std::string& name, std::uint64_t max_bytes);

  /// Hands its bytes to `take`, piece by piece.
  [[nodiscard]] Result<> read(const std::string& name,
                              const std::function<Result<>(std::span<const char>)>& take);

 private:
  struct Entry {
    std::uint64_t index;
    std::uint64_t bytes;
  };
  struct Close {
    void operator()(zip_t* archive) const noexcept { ::zip_discard(archive); }
  };

  ZipArchive() = default;
  [[nodiscard]] Result<> judge(const BundleLimits& limits);
  [[nodiscard]] Result<Entry> judge_entry(std::uint64_t index, const BundleLimits& limits,
                                          std::string& name);

  std::unique_ptr<zip_t, Close> archive_;
  std::map<std::string, Entry> entries_;  // files by name
};

}  // namespace bulkhead::worker
