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

#include "common/bundle_limits.hpp"
#include "common/disk_thread.hpp"
#include "common/model_url.hpp"
#include "common/result.hpp"
#include "supervisor/bundle/bundle_folder.hpp"
#include "supervisor/bundle/trial_run.hpp"
#include "supervisor/config.hpp"
#include "supervisor/model/model_store.hpp"

namespace bulkhead::supervisor {

/// Bundles that are installed, and how another comes in: fetched where it is a URL, unpacked by a
/// confined process, tried by a worker, and only then put in place of the one before. Whatever
/// fails on the way leaves that as it was. One at a time; nothing here blocks the loop, whose
/// thread uses it. At most limits::kBundles names.
class BundleStore {
 public:
  using Done = std::function<void(Result<InstalledBundle>)>;

  /// Both outlive it, `fetches` and `models`. Io: the folder cannot be used.
  static Result<std::unique_ptr<BundleStore>> open(boost::asio::io_context& loop,
                                                   FetchQueue& fetches, const ModelStore& models,
                                                   std::filesystem::path folder,
                                                   SessionEnvironment environment);
  BundleStore(const BundleStore&) = delete;
  BundleStore& operator=(const BundleStore&) = delete;

  /// The models that sessions run or will run, as their pipelines name them: versions that hold one
  /// stay on disk.
  void set_in_use(std::function<std::set<std::string>()> in_use) { in_use_ = std::move(in_use); }

  /// `source`: a ModelUrl of a bundle, or the absolute path of one on this machine. `done` on a
  /// later turn of the loop; Unavailable while another is installed.
  void install(const std::string& source, Done done);

  /// NotFound.
  void remove(const std::string& name, std::function<void(Result<>)> done);

  /// Ends the trial that runs; the fetches are their queue's.
  void cancel();

  /// Before this process becomes another program, which would not know them: `cancel`, and waits
  /// for the ends of workers that tried a bundle, each at most limits::kReapTime. False: one does
  /// not die.
  [[nodiscard]] bool end_trials();

  [[nodiscard]] std::vector<InstalledBundle> list() const;  // by name
  /// Where all versions of one lie.
  [[nodiscard]] std::filesystem::path folder_of(const std::string& name) const {
    return folder_ / name;
  }
  /// NotFound names the known ones.
  [[nodiscard]] Result<PipelineSpec> pipeline(const std::string& name) const;

 private:
  /// The one that is on its way.
  struct Installation {
    Done done;
    std::shared_ptr<UniqueFd> file;
    std::filesystem::path part;  // where it was fetched into; empty: it was here
    std::filesystem::path staging;
    std::string sha256;
    PipelineSpec pipeline;
  };

  BundleStore(boost::asio::io_context& loop, FetchQueue& fetches, const ModelStore& models,
              std::filesystem::path folder, SessionEnvironment environment);
  void fetch(const ModelUrl& url);
  void stage(Result<UniqueFd> file);
  void unpack(const Result<std::filesystem::path>& staging);
  void seal(const Result<ipc::FetchAnswer>& unpacked);
  void try_out(Result<PipelineSpec> pipeline);
  void put_in_place();
  void finish(Result<InstalledBundle> outcome);
  [[nodiscard]] gid_t group() const noexcept;

  boost::asio::io_context& loop_;
  FetchQueue& fetches_;
  const ModelStore& models_;
  const std::filesystem::path folder_;
  const SessionEnvironment environment_;
  std::function<std::set<std::string>()> in_use_;
  std::map<std::string, InstalledBundle> bundles_;  // by name
  std::unique_ptr<Installation> installing_;        // null: none
  std::unique_ptr<TrialRun> trial_;
  std::vector<std::weak_ptr<WorkerLink>> tried_;  // this trial's and those before, until reaped
  DiskThread disk_;
};

/// A pipeline by its name: that of a bundle, or of `config.pipelines_dir`.
[[nodiscard]] Result<PipelineSpec> named_pipeline(const Config& config, const BundleStore* bundles,
                                                  const std::string& name);

}  // namespace bulkhead::supervisor
