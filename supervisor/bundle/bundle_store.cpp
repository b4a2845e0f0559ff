#include "supervisor/bundle/bundle_store.hpp"

#include <spdlog/logger.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <chrono>
#include <utility>

#include "common/bundle_name.hpp"
#include "common/model_limits.hpp"
#include "common/rotating_log.hpp"
#include "supervisor/session/refuse.hpp"

namespace bulkhead::supervisor {

namespace fs = std::filesystem;

Result<std::unique_ptr<BundleStore>> BundleStore::open(boost::asio::io_context& loop,
                                                       FetchQueue& fetches,
                                                       const ModelStore& models, fs::path folder,
                                                       SessionEnvironment environment) {
  std::unique_ptr<BundleStore> store{
      new BundleStore{loop, fetches, models, std::move(folder), std::move(environment)}};
  std::vector<std::string> problems;
  auto bundles = open_bundle_folder(store->folder_, store->group(), problems);
  if (!bundles) return bundles.error();
  for (InstalledBundle& bundle : *bundles) {
    std::string name = bundle.name;
    store->bundles_.emplace(std::move(name), std::move(bundle));
  }
  for (const std::string& problem : problems) {
    if (store->environment_.log) store->environment_.log->error("{}", log_value(problem));
  }
  return store;
}

BundleStore::BundleStore(boost::asio::io_context& loop, FetchQueue& fetches,
                         const ModelStore& models, fs::path folder, SessionEnvironment environment)
    : loop_{loop},
      fetches_{fetches},
      models_{models},
      folder_{std::move(folder)},
      environment_{std::move(environment)},
      disk_{loop} {}

gid_t BundleStore::group() const noexcept {
  const FetchProgram& program = fetches_.program();
  return program.uid == 0 ? static_cast<gid_t>(-1) : program.gid;
}

void BundleStore::install(const std::string& source, Done done) {
  if (installing_) {
    return refuse(loop_, done, {ErrorCode::Unavailable, "another bundle is being installed", {}});
  }
  if (is_model_url(source)) {
    const auto url = ModelUrl::parse(source);
    if (!url) return refuse(loop_, done, url.error());
    installing_ = std::make_unique<Installation>();
    installing_->done = std::move(done);
    return fetch(*url);
  }
  if (!fs::path{source}.is_absolute()) {
    return refuse(loop_, done,
                  {ErrorCode::InvalidParams,
                   "is neither an absolute path of this machine nor an https URL",
                   {}});
  }
  installing_ = std::make_unique<Installation>();
  installing_->done = std::move(done);
  disk_.run([source] { return open_bundle_file(source); },
            [this](Result<UniqueFd> file) { stage(std::move(file)); });
}

void BundleStore::fetch(const ModelUrl& url) {
  installing_->part = folder_ / ("." + url.sha256 + ".part");
  disk_.run([part = installing_->part, group = group()] { return open_part(part, group); },
            [this, url](Result<UniqueFd> part) {
              if (!part) return stage(part.error());
              auto file = std::make_shared<UniqueFd>(std::move(*part));
              UniqueFd copy{::dup(file->get())};
              fetches_.add(models_.job_for(url, ipc::FetchJob::Kind::Archive, limits::kBundleBytes),
                           std::move(copy), [this, file](const Result<ipc::FetchAnswer>& fetched) {
                             if (!fetched) return stage(fetched.error());
                             stage(std::move(*file));
                           });
            });
}

void BundleStore::stage(Result<UniqueFd> file) {
  if (!file) return finish(file.error());
  installing_->file = std::make_shared<UniqueFd>(std::move(*file));
  disk_.run([folder = folder_, uid = fetches_.program().uid,
             gid = fetches_.program().gid] { return make_staging(folder, uid, gid); },
            [this](const Result<fs::path>& staging) { unpack(staging); });
}

void BundleStore::unpack(const Result<fs::path>& staging) {
  if (!staging) return finish(staging.error());
  installing_->staging = *staging;
  using std::chrono::seconds;
  const auto time_s = static_cast<std::uint32_t>(seconds{limits::kUnpackTime}.count());
  ipc::FetchJob job;
  job.kind = ipc::FetchJob::Kind::Unpack;
  job.max_bytes = limits::kBundleBytes;
  job.time_s = time_s;
  job.silence_s = time_s;
  job.folder = staging->string();
  fetches_.add(std::move(job), std::move(*installing_->file),
               [this](const Result<ipc::FetchAnswer>& unpacked) { seal(unpacked); });
}

void BundleStore::seal(const Result<ipc::FetchAnswer>& unpacked) {
  if (!unpacked) return finish(unpacked.error());
  installing_->sha256 = unpacked->sha256;
  disk_.run(
      [staging = installing_->staging, group = group()] { return seal_staging(staging, group); },
      [this](Result<PipelineSpec> pipeline) { try_out(std::move(pipeline)); });
}

void BundleStore::try_out(Result<PipelineSpec> pipeline) {
  if (!pipeline) return finish(pipeline.error());
  const std::string& name = pipeline->name;
  if (!bundles_.contains(name) && bundles_.size() >= limits::kBundles) {
    return finish(Error{
        ErrorCode::LimitReached,
        std::to_string(limits::kBundles) + " bundles are installed, which is the most; remove one",
        {}});
  }
  installing_->pipeline = *std::move(pipeline);
  auto trial =
      TrialRun::start(loop_, environment_, installing_->pipeline, [this](const Result<>& tried) {
        trial_.reset();
        if (!tried) return finish(tried.error());
        put_in_place();
      });
  if (!trial) return finish(trial.error());
  trial_ = std::move(*trial);
  std::erase_if(tried_, [](const auto& link) { return link.expired(); });
  tried_.push_back(trial_->link());
}

void BundleStore::put_in_place() {
  disk_.run(
      [folder = folder_, staging = installing_->staging, name = installing_->pipeline.name,
       sha256 = installing_->sha256, used = in_use_ ? in_use_() : std::set<std::string>{},
       group = group()] { return install_staging(folder, staging, name, sha256, used, group); },
      [this](Result<InstalledBundle> installed) { finish(std::move(installed)); });
}

void BundleStore::finish(Result<InstalledBundle> outcome) {
  const std::unique_ptr<Installation> ended = std::move(installing_);
  disk_.run(
      [staging = ended->staging, part = ended->part, done = outcome.has_value()] {
        if (!staging.empty()) remove_staging(staging);  // gone already where it was installed
        if (!part.empty() && done) remove_staging(part);
        return 0;
      },
      [](int) {});
  if (outcome) bundles_[outcome->name] = *outcome;
  if (environment_.log && outcome) {
    environment_.log->info("bundle installed name={} sha256={}", outcome->name, outcome->sha256);
  }
  if (environment_.log && !outcome) {
    environment_.log->warn("bundle refused code={} text={}", name_of(outcome.error().code),
                           log_value(outcome.error().message));
  }
  ended->done(std::move(outcome));
}

void BundleStore::remove(const std::string& name, std::function<void(Result<>)> done) {
  const auto known = bundles_.find(name);
  if (known == bundles_.end()) return refuse(loop_, done, pipeline(name).error());
  if (installing_) {
    return refuse(loop_, done, {ErrorCode::Unavailable, "a bundle is being installed", {}});
  }
  bundles_.erase(known);
  disk_.run([folder = folder_, name] { return remove_bundle(folder, name); }, std::move(done));
}

void BundleStore::cancel() {
  if (!trial_) return;
  trial_.reset();
  finish(Error{ErrorCode::Unavailable, "the supervisor is stopping", {}});
}

bool BundleStore::end_trials() {
  cancel();
  return std::ranges::all_of(tried_, [](const auto& tried) {
    const auto link = tried.lock();
    return !link || link->wait_end();
  });
}

std::vector<InstalledBundle> BundleStore::list() const {
  std::vector<InstalledBundle> bundles;
  for (const auto& [name, bundle] : bundles_) bundles.push_back(bundle);
  return bundles;
}

Result<PipelineSpec> BundleStore::pipeline(const std::string& name) const {
  if (const auto known = bundles_.find(name); known != bundles_.end()) {
    return known->second.pipeline;
  }
  std::string names;
  for (const auto& [other, bundle] : bundles_) names += (names.empty() ? "" : ", ") + other;
  return Error{
      ErrorCode::NotFound,
      "there is no bundle \"" + name + "\"; installed: " + (names.empty() ? "none" : names),
      {}};
}

Result<PipelineSpec> named_pipeline(const Config& config, const BundleStore* bundles,
                                    const std::string& name) {
  const auto bundle = bundle_name_of(name);
  if (!bundle || bundles == nullptr) return config.pipeline(name);
  auto pipeline = bundles->pipeline(*bundle);
  if (pipeline) return pipeline;
  return Error{pipeline.error().code, "pipeline: " + pipeline.error().message, "pipeline"};
}

}  // namespace bulkhead::supervisor
