# Faults drawn by a seed and injected into the running system. This run is short; the long one is
# tests/fault/soak by hand.
if(NOT BULKHEAD_SANITIZE)
  add_test(NAME fault.soak
    COMMAND /usr/bin/python3 -B ${PROJECT_SOURCE_DIR}/tests/fault/soak --minutes 0.7 --seed 1)
  set_tests_properties(fault.soak PROPERTIES LABELS fault TIMEOUT 300 RUN_SERIAL TRUE ENVIRONMENT
    "BULKHEAD_BIN=${CMAKE_RUNTIME_OUTPUT_DIRECTORY};BULKHEAD_CLIPS=${BULKHEAD_DEPS_DIR}/clips;BULKHEAD_CONFIG=${PROJECT_SOURCE_DIR}/config")
  # With a stand-in for the worker; 10 000 cycles by hand.
  add_test(NAME fault.start_stop
    COMMAND /usr/bin/python3 -B ${PROJECT_SOURCE_DIR}/tests/fault/start_stop --cycles 400 --seed 1)
  set_tests_properties(fault.start_stop PROPERTIES LABELS fault TIMEOUT 300 RUN_SERIAL TRUE ENVIRONMENT
    "BULKHEAD_BIN=${CMAKE_RUNTIME_OUTPUT_DIRECTORY};BULKHEAD_FIXTURES=${BULKHEAD_FIXTURE_DIR};BULKHEAD_CONFIG=${PROJECT_SOURCE_DIR}/config")
endif()
