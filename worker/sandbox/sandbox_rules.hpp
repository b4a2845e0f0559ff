#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "ipc/fetch_job.hpp"
#include "ipc/start_message.hpp"
#include "worker/sandbox/landlock.hpp"
#include "worker/sandbox/syscall_filter.hpp"

namespace bulkhead::worker {

/// What one camera's worker needs of the machine, and nothing else.
/// The folder of the cache that a worker writes to.
inline constexpr const char* kOptimizedModels = "models";

struct SandboxRules {
  std::vector<FileRule> files;
  std::vector<std::uint16_t> tcp_ports;  // to connect to
  LocalSockets local_sockets = LocalSockets::Refused;
};

/// Read: its model, the catalogue, the clip of a file:// address, `libraries`, the kernel's
/// description of the processor; what the resolver reads, where the camera has a name; the
/// machine's certificates, where it is met over TLS; the cache. Append: the folder of its log.
/// For its sinks: the ports of servers, its own spool and history.
/// Keep: the optimised models of the cache, but not GStreamer's list of plug-ins, which the next
/// worker reads before it is confined. Connect: the camera's port; 53 where it has a name, for
/// answers too long for UDP.
///
/// Paths of the start message are taken as they are, so its folders must exist by now.
[[nodiscard]] SandboxRules sandbox_rules(const ipc::StartMessage& start,
                                         const std::filesystem::path& cache_dir,
                                         const std::vector<std::filesystem::path>& libraries);

/// What one fetch needs. Of a URL: the resolver and certificates are read; connected to are its
/// port, that of https for a redirect, and 53. Of an archive: its folder is written to, and nothing
/// is connected to.
[[nodiscard]] SandboxRules fetch_rules(const ipc::FetchJob& job,
                                       const std::vector<std::filesystem::path>& libraries);

/// The folders of all libraries that this process has loaded. Plugins, and what they need in turn,
/// lie in or beneath them, wherever a site has put them.
[[nodiscard]] std::vector<std::filesystem::path> library_folders();

/// True for an address in numbers, IPv4 or IPv6, with or without a zone: nobody needs to be asked.
[[nodiscard]] bool is_numeric_host(const std::string& host);

}  // namespace bulkhead::worker
