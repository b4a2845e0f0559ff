#pragma once

#include <sys/prctl.h>

#include <csignal>

namespace bulkhead::test {

/// First line of a fixture that would run for ever: a test that was itself killed, by its time
/// limit say, leaves none behind.
inline void die_with_test() { ::prctl(PR_SET_PDEATHSIG, SIGKILL); }

}  // namespace bulkhead::test
