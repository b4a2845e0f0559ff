#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/limits.hpp"
#include "common/mutex.hpp"

namespace bulkhead::worker {

/// Models that a worker has loaded, each once: stages that name the same one run the same weights
/// in the same memory. What is in use stays; of what nobody uses any more the latest
/// limits::kIdleModels stay, so that a canary which comes again need not be loaded again, and the
/// one unused for longest goes when another is loaded.
///
/// A worker has one for its pipeline and one for its canaries, and no other process sees them.
/// Shared by those who load models, of whom a canary's thread may outlive the worker's stages. For
/// any thread. `Model` must be such that several threads can run it at once.
template <class Model>
class ModelCache {
 public:
  using Load = std::function<std::shared_ptr<Model>()>;

  /// The model under `key`, loaded first where it is not there. `load` is called without the lock:
  /// one that does not come back holds nobody up, and of two who load the same at once the later
  /// one's is kept. Throws what `load` throws.
  std::shared_ptr<Model> get(const std::string& key, const Load& load) {
    if (auto known = find(key)) return known;
    auto model = load();
    std::vector<Entry> dropped;  // ends after the lock: the end of a model takes a while
    const MutexLock lock{mutex_};
    take_out(key, dropped);
    entries_.push_front({key, model});
    drop_idle(dropped);
    return model;
  }

  /// In use or not.
  [[nodiscard]] std::size_t size() {
    const MutexLock lock{mutex_};
    return entries_.size();
  }

 private:
  struct Entry {
    std::string key;
    std::shared_ptr<Model> model;
  };

  std::shared_ptr<Model> find(const std::string& key) {
    const MutexLock lock{mutex_};
    const auto entry = std::ranges::find(entries_, key, &Entry::key);
    if (entry == entries_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, entry);
    return entry->model;
  }

  void take_out(const std::string& key, std::vector<Entry>& out) BULKHEAD_REQUIRES(mutex_) {
    const auto entry = std::ranges::find(entries_, key, &Entry::key);
    if (entry == entries_.end()) return;
    out.push_back(std::move(*entry));
    entries_.erase(entry);
  }

  void drop_idle(std::vector<Entry>& out) BULKHEAD_REQUIRES(mutex_) {
    std::size_t idle = 0;
    for (auto entry = entries_.begin(); entry != entries_.end();) {
      const bool goes = entry->model.use_count() == 1 && ++idle > limits::kIdleModels;
      if (goes) out.push_back(std::move(*entry));
      entry = goes ? entries_.erase(entry) : std::next(entry);
    }
  }

  Mutex mutex_;
  std::list<Entry> entries_ BULKHEAD_GUARDED_BY(mutex_);  // the latest asked for comes first
};

}  // namespace bulkhead::worker
