#include "worker/sandbox/sandbox_rules.hpp"

#include <arpa/inet.h>
#include <link.h>

#include <array>
#include <set>
#include <string>
#include <system_error>

namespace bulkhead::worker {

namespace {

namespace fs = std::filesystem;

constexpr std::uint16_t kDomainPort = 53;

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
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
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

int add_folder_of(dl_phdr_info* library, std::size_t, void* found) {
  const fs::path file{library->dlpi_name};
  std::error_code failure;
  if (!file.is_absolute()) return 0;  // the program itself, and the kernel's vDSO
  const fs::path folder = fs::canonical(file, failure).parent_path();
  if (!failure) static_cast<std::set<fs::path>*>(found)->insert(folder);
  return 0;
}

}  // namespace

bool is_numeric_host(const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> address{};
  const std::string without_zone = host.substr(0, host.find('%'));
  return ::inet_pton(AF_INET, host.c_str(), address.data()) == 1 ||
         ::inet_pton(AF_INET6, without_zone.c_str(), address.data()) == 1;
}

std::vector<fs::path> library_folders() {
  std::set<fs::path> folders;
  ::dl_iterate_phdr(add_folder_of, &folders);
  return {folders.begin(), folders.end()};
}

SandboxRules sandbox_rules(const ipc::StartMessage& start, const fs::path& cache_dir,
                           const std::vector<fs::path>& libraries) {
  const RtspUrl& url = start.spec.url;
  const bool is_clip = url.scheme == "file";
  const bool has_name = !is_clip && !is_numeric_host(url.host);
  Rules rules;
  rules.add_all(libraries);
  rules.add(kLibraries);
  rules.add_all(kMachine);
  rules.add_all(kRuntime);
  rules.add(start.model_dir);
  rules.add(start.model_catalog);
  // A name or a path beneath the folder of models is no rule of its own.
  const fs::path model{start.spec.pipeline->detect.model};
  if (model.is_absolute()) rules.add(model);
  if (is_clip) rules.add(url.path);
  if (has_name) {
    rules.add_all(kResolver);
    rules.add_replaceable("/etc/resolv.conf");
  }
  if (url.scheme == "rtsps") rules.add_all(kTls);
  rules.add(fs::path{start.log_file}.parent_path(), FileAccess::Append);
  rules.add(cache_dir);
  rules.add(cache_dir / kOptimizedModels, FileAccess::Keep);

  SandboxRules all;
  all.files = rules.take();
  if (!is_clip) all.tcp_ports.push_back(url.port);
  if (has_name) all.tcp_ports.push_back(kDomainPort);
  if (has_name) all.local_sockets = LocalSockets::Allowed;
  return all;
}

}  // namespace bulkhead::worker
