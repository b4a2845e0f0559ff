# The program that fetches models, alone, against servers and files that misbehave.
if(NOT BULKHEAD_SANITIZE)
  foreach(name bundle download)
    add_test(NAME fetch.${name}
      COMMAND /usr/bin/python3 -B ${PROJECT_SOURCE_DIR}/tests/process/fetch/test_${name}.py -v)
    set_tests_properties(fetch.${name} PROPERTIES LABELS process TIMEOUT 120
      ENVIRONMENT "BULKHEAD_BIN=${CMAKE_RUNTIME_OUTPUT_DIRECTORY}")
  endforeach()
endif()

bulkhead_test(model_store_test LABEL unit
  SOURCES unit/supervisor/model_cache_test.cpp
  LINK bulkhead::model_store)
bulkhead_test(fetch_queue_test LABEL process
  SOURCES process/model/fetch_queue_test.cpp
  LINK bulkhead::model_store)
