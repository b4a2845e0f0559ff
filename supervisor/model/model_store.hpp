#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "common/address_policy.hpp"
#include "common/disk_thread.hpp"
#include "common/model_limits.hpp"
#include "common/model_url.hpp"
#include "common/result.hpp"
#include "supervisor/model/fetch_queue.hpp"
#include "supervisor/model/model_cache.hpp"

namespace spdlog {
class logger;
}

namespace bulkhead::supervisor {

/// Models by their content: those that were fetched, and the fetching of others. One that two
/// sessions want is fetched once. Nothing here blocks the loop, whose thread uses it.
///
/// Past limits::kCachedModels or limits::kCachedModelBytes those longest unused are removed, but
/// none that `in_use` names. One that is not to be had costs those who asked for it, nobody else.
class ModelStore {
 public:
  struct Settings {
    std::filesystem::path folder;   // absolute; its parent exists
    std::filesystem::path ca_file;  // empty: whom the system trusts
    AddressPolicy addresses;        // that servers may have
    CacheLimits limits{limits::kCachedModels, limits::kCachedModelBytes};
  };
  using Done = std::function<void(Result<>)>;

  /// `fetches` outlives it. Io: the folder cannot be used.
  static Result<std::unique_ptr<ModelStore>> open(boost::asio::io_context& loop,
                                                  FetchQueue& fetches, Settings settings,
                                                  std::shared_ptr<spdlog::logger> log);
  ModelStore(const ModelStore&) = delete;
  ModelStore& operator=(const ModelStore&) = delete;

  /// What sessions run or will run, by sha256; asked before anything is removed.
  void set_in_use(std::function<std::set<std::string>()> in_use) { in_use_ = std::move(in_use); }
  /// The port that nobody is to be sent to on loopback.
  void set_control_port(std::uint16_t port) { settings_.addresses.control_port = port; }

  /// True where all are here; they count as used now.
  [[nodiscard]] bool has(const std::vector<ModelUrl>& urls);

  /// `done` on a later turn of the loop, once all are here or with what became of the first that
  /// is not to be had; its field is that URL. What was cut off is resumed by the next.
  void fetch(const std::vector<ModelUrl>& urls, Done done);

  [[nodiscard]] std::vector<CachedModel> list() const;  // by sha256
  [[nodiscard]] const std::filesystem::path& folder() const noexcept { return settings_.folder; }
  [[nodiscard]] const Settings& settings() const noexcept { return settings_; }

  /// A job for `url` within the limits of every fetch.
  [[nodiscard]] ipc::FetchJob job_for(const ModelUrl& url, ipc::FetchJob::Kind kind,
                                      std::uint64_t max_bytes) const;

 private:
  ModelStore(boost::asio::io_context& loop, FetchQueue& fetches, Settings settings,
             std::shared_ptr<spdlog::logger> log);
  void begin(const ModelUrl& url);
  void on_part(const ModelUrl& url, Result<UniqueFd> part);
  void on_fetched(const ModelUrl& url, const Result<ipc::FetchAnswer>& answer);
  void on_kept(const ModelUrl& url, std::uint64_t bytes, const Result<>& kept);
  void finish(const ModelUrl& url, Result<> outcome);
  void remove_surplus();
  [[nodiscard]] gid_t group() const noexcept;

  boost::asio::io_context& loop_;
  FetchQueue& fetches_;
  Settings settings_;
  std::shared_ptr<spdlog::logger> log_;  // may be null
  std::function<std::set<std::string>()> in_use_;
  std::map<std::string, CachedModel> models_;          // by sha256
  std::map<std::string, std::vector<Done>> fetching_;  // by sha256: who waits
  DiskThread disk_;
};

}  // namespace bulkhead::supervisor
