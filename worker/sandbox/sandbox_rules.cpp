#include "worker/sandbox/sandbox_rules.hpp"

#include <link.h>

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <system_error>

#include "common/ip_address.hpp"

namespace bulkhead::worker {

namespace {

namespace fs = std::filesystem;

constexpr std::uint16_t kDomainPort = 53;
constexpr std::uint16_t kHttpsPort = 443;

/// Debian keeps libraries in folders of their own there, and links to them from the usual one.
constexpr const char* kLibraries = "/usr/lib";

/// ONNX Runtime and the codecs count processors and ask for their abilities; so does the name of
/// an optimised model. OpenSSL and gcrypt take their random bytes from the device where an old
/// kernel has no getrandom.
constexpr std::array kMachine{"/proc/cpuinfo",
                              "/proc/meminfo",
                              "/proc/self",
                              "/sys/devices/system/cpu",
                              "/sys/devices/system/node",
                              "/dev/urandom",
                              "/etc/ld.so.cache"};

/// What glibc's getaddrinfo reads.
constexpr std::array kResolver{"/etc/hosts",     "/etc/resolv.conf", "/etc/nsswitch.conf",
                               "/etc/host.conf", "/etc/gai.conf",    "/etc/services"};

/// Certificates, where Debian's links among them lead, and which algorithms are still allowed.
constexpr std::array kTls{"/etc/ssl", "/usr/share/ca-certificates",
                          "/usr/local/share/ca-certificates", "/etc/gnutls"};

// A sanitizer's runtime reads the map of the process again and again, and at the end looks at all
// of its threads.
#ifdef BULKHEAD_SANITIZED
constexpr std::array kRuntime{"/proc"};
#else
constexpr std::array<const char*, 0> kRuntime{};
#endif

class Rules {
 public:
  void add(const fs::path& path, FileAccess access = FileAccess::Read) {
    if (!path.empty()) files_.push_back({path, access});
  }

  template <class Paths>
  void add_all(const Paths& paths) {
    for (const auto& path : paths) add(path);
  }

  /// A file that is replaced now and then, often behind a link into a folder of /run: the new one
  /// must be readable too.
  void add_replaceable(const fs::path& path) {
    std::error_code failure;
    const fs::path target = fs::canonical(path, failure);
    if (!failure && target != path) add(target.parent_path());
  }

  [[nodiscard]] std::vector<FileRule> take() { return std::move(files_); }

 private:
  std::vector<FileRule> files_;
};

/// Of a sink that is a server.
struct ServerAddress {
  std::string host;
  std::uint16_t port = 0;
  bool tls = false;
  fs::path root_certificate;
};

std::vector<ServerAddress> servers_of(const std::vector<SinkSpec>& sinks) {
  std::vector<ServerAddress> servers;
  for (const SinkSpec& sink : sinks) {
    if (const auto* redis = server_of<RedisServerSpec>(sink)) {
      servers.push_back({redis->account.host, redis->account.port, false, {}});
    } else if (const auto* postgres = server_of<PostgresServerSpec>(sink)) {
      servers.push_back({postgres->account.host, postgres->account.port, postgres->tls != "disable",
                         postgres->root_certificate});
    }
  }
  return servers;
}

int add_folder_of(dl_phdr_info* library, std::size_t, void* found) {
  const fs::path file{library->dlpi_name};
  std::error_code failure;
  if (!file.is_absolute()) return 0;  // the program itself, and the kernel's vDSO
  const fs::path folder = fs::canonical(file, failure).parent_path();
  if (!failure) static_cast<std::set<fs::path>*>(found)->insert(folder);
  return 0;
}

}  // namespace

bool is_numeric_host(const std::string& host) { return IpAddress::parse(host).has_value(); }

std::vector<fs::path> library_folders() {
  std::set<fs::path> folders;
  ::dl_iterate_phdr(add_folder_of, &folders);
  return {folders.begin(), folders.end()};
}

SandboxRules sandbox_rules(const ipc::StartMessage& start, const fs::path& cache_dir,
                           const std::vector<fs::path>& libraries) {
  const RtspUrl& url = start.spec.url;
  const bool is_clip = url.scheme == "file";
  const std::vector<ServerAddress> servers = servers_of(start.sinks);
  const bool has_name = (!is_clip && !is_numeric_host(url.host)) ||
                        std::ranges::any_of(servers, [](const ServerAddress& server) {
                          return !is_numeric_host(server.host);
                        });
  Rules rules;
  rules.add_all(libraries);
  rules.add(kLibraries);
  rules.add_all(kMachine);
  rules.add_all(kRuntime);
  rules.add(start.model_dir);
  rules.add(start.model_catalog);
  rules.add(start.model_cache);
  // A name or a path beneath the folder of models is no rule of its own.
  for (const fs::path model : models_of(*start.spec.pipeline)) {
    if (model.is_absolute()) rules.add(model);
  }
  if (is_clip) rules.add(url.path);
  if (has_name) {
    rules.add_all(kResolver);
    rules.add_replaceable("/etc/resolv.conf");
  }
  const bool may_use_tls =
      std::ranges::any_of(servers, [](const ServerAddress& server) { return server.tls; });
  if (url.scheme == "rtsps" || may_use_tls) rules.add_all(kTls);
  for (const ServerAddress& server : servers) rules.add(server.root_certificate);
  if (!start.sinks.empty()) {
    rules.add(start.spool_dir, FileAccess::Keep);
    rules.add(start.history_dir, FileAccess::Keep);
  }
  rules.add(fs::path{start.log_file}.parent_path(), FileAccess::Append);
  rules.add(cache_dir);
  rules.add(cache_dir / kOptimizedModels, FileAccess::Keep);

  SandboxRules all;
  all.files = rules.take();
  if (!is_clip) all.tcp_ports.push_back(url.port);
  for (const ServerAddress& server : servers) all.tcp_ports.push_back(server.port);
  if (has_name) all.tcp_ports.push_back(kDomainPort);
  if (has_name) all.local_sockets = LocalSockets::Allowed;
  return all;
}

SandboxRules fetch_rules(const ipc::FetchJob& job, const std::vector<fs::path>& libraries) {
  Rules rules;
  rules.add_all(libraries);
  rules.add(kLibraries);
  rules.add_all(kMachine);
  rules.add_all(kRuntime);
  SandboxRules all;
  if (job.url) {
    rules.add_all(kTls);
    rules.add(job.ca_file);
    rules.add_all(kResolver);
    rules.add_replaceable("/etc/resolv.conf");
    all.tcp_ports = {job.url->port, kHttpsPort, kDomainPort};
    all.local_sockets = LocalSockets::Allowed;
  }
  if (!job.folder.empty()) rules.add(job.folder, FileAccess::Keep);
  all.files = rules.take();
  return all;
}

}  // namespace bulkhead::worker
