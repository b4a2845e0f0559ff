# The program that fetches models, alone, against servers and files that misbehave.
if(NOT BULKHEAD_SANITIZE)
  foreach(name download)
    add_test(NAME fetch.${name}
      COMMAND /usr/bin/python3 -B ${PROJECT_SOURCE_DIR}/tests/process/fetch/test_${name}.py -v)
    set_tests_properties(fetch.${name} PROPERTIES LABELS process TIMEOUT 120
      ENVIRONMENT "BULKHEAD_BIN=${CMAKE_RUNTIME_OUTPUT_DIRECTORY}")
  endforeach()
endif()
