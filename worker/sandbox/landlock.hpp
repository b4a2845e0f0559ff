#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "common/result.hpp"

namespace bulkhead::worker {

/// What may be done with a file, or with all that lies beneath a folder. Nothing may be executed.
enum class FileAccess {
  Read,    // files read, folders listed
  Append,  // files made, written, renamed and removed, but not read: logs
  Keep,    // all of it, folders and links included: a cache
};

struct FileRule {
  std::filesystem::path path;
  FileAccess access = FileAccess::Read;

  bool operator==(const FileRule&) const = default;
};

/// The version of Landlock that this kernel offers; 0: none, or switched off at boot.
[[nodiscard]] int landlock_abi() noexcept;

/// Since this version (Linux 6.7) it knows TCP.
inline constexpr int kLandlockNetworkAbi = 4;

/// What a kernel of this version leaves open, a sentence each.
[[nodiscard]] std::vector<std::string> landlock_gaps(int abi);

/// From now on the calling thread, and all that it starts later, can open no other files than
/// `files`, connect over TCP to no other port than `ports`, listen on none, and neither signal nor
/// reach by an abstract socket who is not confined with it; as far as `abi`, that of the kernel,
/// goes. UDP and descriptors that are open already are not concerned. A path that does not exist
/// is left out. Needs no privilege but PR_SET_NO_NEW_PRIVS.
///
/// Unavailable with the step that the kernel refused; then nothing has changed.
[[nodiscard]] Result<> restrict_with_landlock(int abi, const std::vector<FileRule>& files,
                                              const std::vector<std::uint16_t>& ports);

}  // namespace bulkhead::worker
