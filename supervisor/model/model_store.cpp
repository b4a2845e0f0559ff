#include "supervisor/model/model_store.hpp"

#include <spdlog/logger.h>

#include <boost/asio/post.hpp>
#include <chrono>
#include <utility>

#include "common/clock.hpp"
#include "common/limits.hpp"
#include "common/rotating_log.hpp"

namespace bulkhead::supervisor {

namespace {

constexpr std::int64_t kTouchAfterS = 3600;  // a use that is noted on disk each time would cost it

std::int64_t wall_s() { return wall_ns() / kNsPerSecond; }

}  // namespace

Result<std::unique_ptr<ModelStore>> ModelStore::open(boost::asio::io_context& loop,
                                                     FetchQueue& fetches, Settings settings,
                                                     std::shared_ptr<spdlog::logger> log) {
  std::unique_ptr<ModelStore> store{
      new ModelStore{loop, fetches, std::move(settings), std::move(log)}};
  auto models = open_model_folder(store->folder(), store->group());
  if (!models) return models.error();
  for (CachedModel& model : *models) {
    std::string sha256 = model.sha256;
    store->models_.emplace(std::move(sha256), std::move(model));
  }
  return store;
}

ModelStore::ModelStore(boost::asio::io_context& loop, FetchQueue& fetches, Settings settings,
                       std::shared_ptr<spdlog::logger> log)
    : loop_{loop},
      fetches_{fetches},
      settings_{std::move(settings)},
      log_{std::move(log)},
      disk_{loop} {}

gid_t ModelStore::group() const noexcept {
  const FetchProgram& program = fetches_.program();
  return program.uid == 0 ? static_cast<gid_t>(-1) : program.gid;
}

bool ModelStore::has(const std::vector<ModelUrl>& urls) {
  bool all = true;
  for (const ModelUrl& url : urls) {
    const auto known = models_.find(url.sha256);
    if (known == models_.end()) {
      all = false;
      continue;
    }
    const std::int64_t now_s = wall_s();
    if (now_s - known->second.used_s > kTouchAfterS) {
      disk_.run([folder = folder(), sha256 = url.sha256] { return touch_model(folder, sha256), 0; },
                [](int) {});
    }
    known->second.used_s = now_s;
  }
  return all;
}

void ModelStore::fetch(const std::vector<ModelUrl>& urls, Done done) {
  struct Wanted {
    std::size_t open = 0;
    Result<> outcome{};
    Done done;
  };
  const auto wanted = std::make_shared<Wanted>();
  wanted->done = std::move(done);
  wanted->open = 1;
  const Done one = [wanted](const Result<>& outcome) {
    if (wanted->outcome) wanted->outcome = outcome;
    if (--wanted->open == 0) wanted->done(wanted->outcome);
  };
  for (const ModelUrl& url : urls) {
    if (models_.contains(url.sha256)) continue;
    ++wanted->open;
    const auto [entry, is_new] = fetching_.try_emplace(url.sha256);
    entry->second.push_back(one);
    if (is_new) begin(url);
  }
  boost::asio::post(loop_, [one] { one({}); });
}

void ModelStore::begin(const ModelUrl& url) {
  disk_.run(
      [part = part_file(folder(), url.sha256), group = group()] { return open_part(part, group); },
      [this, url](Result<UniqueFd> part) { on_part(url, std::move(part)); });
}

ipc::FetchJob ModelStore::job_for(const ModelUrl& url, ipc::FetchJob::Kind kind,
                                  std::uint64_t max_bytes) const {
  using std::chrono::seconds;
  return {.kind = kind,
          .url = url,
          .ca_file = settings_.ca_file.string(),
          .addresses = settings_.addresses,
          .max_bytes = max_bytes,
          .time_s = static_cast<std::uint32_t>(seconds{limits::kFetchTime}.count()),
          .silence_s = static_cast<std::uint32_t>(seconds{limits::kFetchSilence}.count())};
}

void ModelStore::on_part(const ModelUrl& url, Result<UniqueFd> part) {
  if (!part) return finish(url, part.error());
  if (log_) log_->info("model fetch begins host={} sha256={}", log_value(url.host), url.sha256);
  fetches_.add(job_for(url, ipc::FetchJob::Kind::Model, limits::kModelFileBytes), std::move(*part),
               [this, url](const Result<ipc::FetchAnswer>& answer) { on_fetched(url, answer); });
}

void ModelStore::on_fetched(const ModelUrl& url, const Result<ipc::FetchAnswer>& answer) {
  if (!answer) return finish(url, answer.error());
  disk_.run(
      [folder = folder(), sha256 = url.sha256] { return keep_model(folder, sha256); },
      [this, url, bytes = answer->bytes](const Result<>& kept) { on_kept(url, bytes, kept); });
}

void ModelStore::on_kept(const ModelUrl& url, std::uint64_t bytes, const Result<>& kept) {
  if (kept) {
    models_[url.sha256] = {.sha256 = url.sha256, .bytes = bytes, .used_s = wall_s()};
  }
  finish(url, kept);
}

void ModelStore::finish(const ModelUrl& url, Result<> outcome) {
  const std::string& sha256 = url.sha256;
  if (!outcome) outcome = Error{outcome.error().code, outcome.error().message, url.text()};
  if (log_ && outcome) log_->info("model fetched sha256={}", sha256);
  if (log_ && !outcome) {
    log_->warn("model not fetched sha256={} code={} text={}", sha256, name_of(outcome.error().code),
               log_value(outcome.error().message));
  }
  const auto ended = fetching_.extract(sha256);
  for (const Done& done : ended.mapped()) done(outcome);
  if (outcome) remove_surplus();
}

void ModelStore::remove_surplus() {
  const auto kept = in_use_ ? in_use_() : std::set<std::string>{};
  auto surplus = surplus_models(list(), kept, settings_.limits);
  if (surplus.empty()) return;
  for (const std::string& sha256 : surplus) models_.erase(sha256);
  if (log_) log_->info("models longest unused are removed count={}", surplus.size());
  disk_.run([folder = folder(), surplus] { return remove_models(folder, surplus), 0; }, [](int) {});
}

std::vector<CachedModel> ModelStore::list() const {
  std::vector<CachedModel> models;
  for (const auto& [sha256, model] : models_) models.push_back(model);
  return models;
}

}  // namespace bulkhead::supervisor
