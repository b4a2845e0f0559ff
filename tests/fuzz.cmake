# What a stranger may send: the entry points of the fuzzers. The kept messages are a unit test with
# any compiler; the fuzzers themselves are built by clang alone (preset "fuzz", fuzz/README.md).
set(fuzz_targets request websocket record)
add_library(bulkhead_fuzz_targets STATIC fuzz/fuzz_target.cpp)
foreach(target ${fuzz_targets})
  target_sources(bulkhead_fuzz_targets PRIVATE fuzz/try_${target}.cpp)
endforeach()
target_link_libraries(bulkhead_fuzz_targets PUBLIC bulkhead::control bulkhead::ipc)

bulkhead_test(fuzz_corpus_test LABEL unit SOURCES fuzz/corpus_test.cpp LINK bulkhead_fuzz_targets)
target_compile_definitions(fuzz_corpus_test PRIVATE
  BULKHEAD_FUZZ_CORPUS="${CMAKE_CURRENT_SOURCE_DIR}/fuzz/corpus")

if(BULKHEAD_FUZZ)
  add_custom_target(bulkhead_fuzzers)
  foreach(target ${fuzz_targets})
    add_executable(fuzz_${target} fuzz/libfuzzer_entry.cpp)
    target_compile_definitions(fuzz_${target} PRIVATE BULKHEAD_FUZZ_ENTRY=try_${target})
    target_link_libraries(fuzz_${target} PRIVATE bulkhead_fuzz_targets)
    target_link_options(fuzz_${target} PRIVATE -fsanitize=fuzzer)
    set_target_properties(fuzz_${target} PROPERTIES
      RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/fuzz)
    add_dependencies(bulkhead_fuzzers fuzz_${target})
  endforeach()
endif()
