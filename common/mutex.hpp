#pragma once

#include <mutex>

#if defined(__clang__)
#define BULKHEAD_THREAD_ANNOTATION(x) __attribute__((x))
#else
#define BULKHEAD_THREAD_ANNOTATION(x)
#endif

/// States which mutex guards a member; checked by clang's -Wthread-safety.
#define BULKHEAD_GUARDED_BY(mutex) BULKHEAD_THREAD_ANNOTATION(guarded_by(mutex))
/// States that a private function is called with the mutex held.
#define BULKHEAD_REQUIRES(mutex) BULKHEAD_THREAD_ANNOTATION(requires_capability(mutex))

namespace bulkhead {

/// std::mutex with the annotations that libstdc++ leaves out. For threads of one process only:
/// nothing that two processes share has a lock.
class BULKHEAD_THREAD_ANNOTATION(capability("mutex")) Mutex {
 public:
  void lock() BULKHEAD_THREAD_ANNOTATION(acquire_capability()) { mutex_.lock(); }
  void unlock() BULKHEAD_THREAD_ANNOTATION(release_capability()) { mutex_.unlock(); }

 private:
  std::mutex mutex_;
};

/// Holds a Mutex for one block.
class BULKHEAD_THREAD_ANNOTATION(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) BULKHEAD_THREAD_ANNOTATION(acquire_capability(mutex))
      : mutex_{mutex} {
    mutex_.lock();
  }
  ~MutexLock() BULKHEAD_THREAD_ANNOTATION(release_capability()) { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

}  // namespace bulkhead
