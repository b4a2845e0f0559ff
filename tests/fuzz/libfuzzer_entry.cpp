#include <cstdint>

#include "tests/fuzz/fuzz_target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size);

int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  bulkhead::fuzz::BULKHEAD_FUZZ_ENTRY(std::as_bytes(std::span{bytes, size}));
  return 0;
}
