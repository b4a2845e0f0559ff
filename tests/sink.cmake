bulkhead_test(sink_test LABEL unit
  SOURCES
    unit/worker/sink/dead_letters_test.cpp
    unit/worker/sink/gap_record_test.cpp
    unit/worker/sink/overlap_gate_test.cpp
    unit/worker/sink/recent_records_test.cpp
    unit/worker/sink/result_sinks_test.cpp
    unit/worker/sink/sink_breaker_test.cpp
    unit/worker/sink/spool_cap_test.cpp
    unit/worker/sink/spool_test.cpp
  LINK bulkhead::sink)

set(BULKHEAD_FIXTURE_DIR ${PROJECT_BINARY_DIR}/fixtures)
add_executable(fixture_offers_records fixtures/offers_records.cpp)
target_link_libraries(fixture_offers_records PRIVATE bulkhead::sink)
set_target_properties(fixture_offers_records PROPERTIES
  RUNTIME_OUTPUT_DIRECTORY ${BULKHEAD_FIXTURE_DIR})
bulkhead_test(sink_process_test LABEL process
  SOURCES process/sink/killed_sinks_test.cpp
  LINK bulkhead::sink)
target_compile_definitions(sink_process_test PRIVATE BULKHEAD_FIXTURE_DIR="${BULKHEAD_FIXTURE_DIR}")
add_dependencies(sink_process_test fixture_offers_records)
