# The real programs, driven from outside with another WebSocket library than ours (Debian's
# python3-websockets). Each file is about one promise of the whole.
function(bulkhead_e2e_test name)
  add_test(NAME e2e.${name}
    COMMAND /usr/bin/python3 -B ${PROJECT_SOURCE_DIR}/tests/e2e/test_${name}.py -v)
  set_tests_properties(e2e.${name} PROPERTIES LABELS e2e TIMEOUT 300 RUN_SERIAL TRUE ENVIRONMENT
    "BULKHEAD_BIN=${CMAKE_RUNTIME_OUTPUT_DIRECTORY};BULKHEAD_CLIPS=${BULKHEAD_DEPS_DIR}/clips;BULKHEAD_CONFIG=${PROJECT_SOURCE_DIR}/config;BULKHEAD_DATA=${BULKHEAD_DATA_DIR}")
endfunction()

if(NOT BULKHEAD_SANITIZE)
  bulkhead_e2e_test(main_job)
  bulkhead_e2e_test(isolation)
  bulkhead_e2e_test(bundle)
  bulkhead_e2e_test(cameras)
  bulkhead_e2e_test(confinement)
  bulkhead_e2e_test(left_session)
  bulkhead_e2e_test(reconfigure)
  bulkhead_e2e_test(registry)
  bulkhead_e2e_test(restart)
  bulkhead_e2e_test(resume)
  bulkhead_e2e_test(upgrade)
  add_library(fixture_jumping_clock MODULE fixtures/jumping_clock.cpp)
  target_link_libraries(fixture_jumping_clock PRIVATE bulkhead_options)
  set_target_properties(fixture_jumping_clock PROPERTIES
    LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/fixtures)
  bulkhead_e2e_test(clock_jumps)
  bulkhead_e2e_test(availability)
  set_property(TEST e2e.availability e2e.clock_jumps APPEND PROPERTY
    ENVIRONMENT "BULKHEAD_JUMPING_CLOCK=$<TARGET_FILE:fixture_jumping_clock>")
  if(BULKHEAD_HAS_DATA)
    bulkhead_e2e_test(own_results)
  endif()
endif()
