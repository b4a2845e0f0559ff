if(BULKHEAD_SANITIZE)
  return()  # scripts
endif()

# The scripts that fetch, against a registry of ours.
add_test(NAME deploy.fetch
  COMMAND /usr/bin/python3 -B ${PROJECT_SOURCE_DIR}/tests/process/deploy/test_fetch.py -v)
set_tests_properties(deploy.fetch PROPERTIES LABELS process TIMEOUT 120)
