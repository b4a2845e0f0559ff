#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/result.hpp"
#include "ipc/fetch_job.hpp"

namespace bulkhead::worker {

/// How much of a bundle is believed. Tests shorten them.
struct BundleLimits {
  std::uint64_t unpacked_bytes;
  std::size_t entries;
  std::uint64_t ratio;        // of unpacked to packed bytes of one entry
  std::uint64_t ratio_bytes;  // smaller entries are not asked for it
};
[[nodiscard]] BundleLimits bundle_limits() noexcept;

/// A name that leads to one place below the folder it is unpacked into, on every system: relative,
/// of printable ASCII without backslashes and colons, no component empty, "." or "..".
[[nodiscard]] bool is_safe_entry_name(std::string_view name) noexcept;

/// Unpacks the bundle in `file`, a zip, into the empty folder `job.folder`: its pipeline.json, with
/// the lists of labels that it names put in their place, and the models that it names, each checked
/// as one that was fetched. All entries are judged before one byte is written; what the pipeline
/// does not name is judged too, but not unpacked. What is left in the folder by a failure is the
/// caller's to remove.
///
/// ModelInvalid says what is wrong with the bundle; InvalidParams with its pipeline.json, and names
/// the field; LimitReached, Io.
[[nodiscard]] ipc::FetchAnswer unpack_bundle(const ipc::FetchJob& job, int file,
                                             const BundleLimits& limits = bundle_limits());

}  // namespace bulkhead::worker
