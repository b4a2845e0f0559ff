#include "supervisor/session/worker_end.hpp"

#include <gtest/gtest.h>

#include <csignal>

#include "ipc/worker_fds.hpp"

namespace bulkhead::supervisor {
namespace {

WorkerEnd end_of(ExitStatus exit) { return classify_end({.exit = exit}); }

TEST(WorkerEnd, CodesThatNoRetryCanHealArePermanent) {
  for (const int code :
       {ipc::kExitBadStart, ipc::kExitVersionMismatch, ipc::kExitModel, ipc::kExitNotAChild}) {
    EXPECT_EQ(end_of({.code = code}).kind, EndKind::Permanent) << code;
  }
  EXPECT_EQ(end_of({.code = ipc::kExitModel}).reason, ErrorCode::ModelInvalid);
  EXPECT_EQ(end_of({.code = ipc::kExitVersionMismatch}).reason, ErrorCode::VersionMismatch);
}

TEST(WorkerEnd, AnyOtherCodeOrSignalIsAWorkerThatDied) {
  for (const int code : {1, 2, 69, 70, 71, 99, 255}) {
    EXPECT_EQ(end_of({.code = code}).reason, ErrorCode::WorkerDied) << code;
    EXPECT_EQ(end_of({.code = code}).kind, EndKind::Transient) << code;
  }
  for (const int signal : {SIGSEGV, SIGABRT, SIGKILL, SIGTERM, 64}) {
    EXPECT_EQ(end_of({.signal = signal}).reason, ErrorCode::WorkerDied) << signal;
    EXPECT_EQ(end_of({.signal = signal}).kind, EndKind::Transient) << signal;
  }
  EXPECT_NE(end_of({.signal = SIGSEGV}).text.find("SIGSEGV"), std::string::npos);
}

TEST(WorkerEnd, AKillForWantOfMemoryIsToldFromAnotherKill) {
  const WorkerEnd end = end_of({.signal = SIGKILL, .out_of_memory = true});
  EXPECT_EQ(end.reason, ErrorCode::OutOfMemory);
  EXPECT_EQ(end.kind, EndKind::Transient);
  // The kernel chose another of its group; the worker itself ended for a reason of its own.
  EXPECT_EQ(end_of({.signal = SIGSEGV, .out_of_memory = true}).reason, ErrorCode::WorkerDied);
}

TEST(WorkerEnd, ARefusedAllocationIsOutOfMemoryAndIsTriedAgain) {
  EXPECT_EQ(end_of({.code = ipc::kExitMemory}).reason, ErrorCode::OutOfMemory);
  EXPECT_EQ(end_of({.code = ipc::kExitMemory}).kind, EndKind::Transient);
}

TEST(WorkerEnd, ADeathAfterARefusedThreadNamesTheLimit) {
  const WorkerEnd end = end_of({.signal = SIGABRT, .out_of_tasks = true});
  EXPECT_EQ(end.reason, ErrorCode::LimitReached);
  EXPECT_NE(end.text.find("SIGABRT"), std::string::npos);
}

TEST(WorkerEnd, LeavingWithoutBeingAskedIsADeathEvenWithACleanCode) {
  EXPECT_EQ(end_of({.code = ipc::kExitOk}).reason, ErrorCode::WorkerDied);
}

TEST(WorkerEnd, LeavingAsAskedIsNoReasonAtAll) {
  EXPECT_EQ(classify_end({.exit = {.code = 0}, .asked = true}).reason, ErrorCode::None);
}

TEST(WorkerEnd, ACrashWhileStoppingIsStillToldAsOne) {
  EXPECT_EQ(classify_end({.exit = {.signal = SIGSEGV}, .asked = true}).reason,
            ErrorCode::WorkerDied);
  EXPECT_EQ(classify_end({.exit = {.code = 70}, .asked = true}).reason, ErrorCode::WorkerDied);
}

TEST(WorkerEnd, LastWordsNameTheReasonButTheCodeSaysWhetherToRetry) {
  const ipc::Fatal words{ErrorCode::InferenceFailed, "the engine threw"};
  const WorkerEnd end = classify_end({.exit = {.code = ipc::kExitInternal}, .fatal = words});
  EXPECT_EQ(end.reason, ErrorCode::InferenceFailed);
  EXPECT_EQ(end.text, "the engine threw");
  EXPECT_EQ(end.kind, EndKind::Transient);
}

TEST(WorkerEnd, OurOwnReasonToKillComesBeforeEverythingElse) {
  const WorkerEnd end = classify_end({.exit = {.signal = SIGKILL},
                                      .killed_for = Error{ErrorCode::WorkerHung, "no progress", {}},
                                      .fatal = ipc::Fatal{ErrorCode::Internal, "noise"}});
  EXPECT_EQ(end.reason, ErrorCode::WorkerHung);
  EXPECT_EQ(end.text, "no progress");
  EXPECT_EQ(end.kind, EndKind::Transient);
}

TEST(WorkerEnd, AWorkerOfAnotherBuildIsNotTriedAgain) {
  EXPECT_EQ(classify_end({.exit = {.signal = SIGKILL},
                          .killed_for = Error{ErrorCode::VersionMismatch, "", {}}})
                .kind,
            EndKind::Permanent);
}

}  // namespace
}  // namespace bulkhead::supervisor
