bulkhead_test(layering_test LABEL tidy
  SOURCES tidy/layering_test.cpp
  LINK bulkhead_options
)
target_include_directories(layering_test PRIVATE ${PROJECT_SOURCE_DIR})
target_compile_definitions(layering_test PRIVATE BULKHEAD_SOURCE_DIR="${PROJECT_SOURCE_DIR}")

find_program(BULKHEAD_SYSTEMD_ANALYZE systemd-analyze)
if(BULKHEAD_SYSTEMD_ANALYZE)
  add_test(NAME tidy.service COMMAND ${PROJECT_SOURCE_DIR}/tests/tidy/service)
  set_tests_properties(tidy.service PROPERTIES LABELS tidy TIMEOUT 60)
else()
  message(STATUS "Not registered, for systemd-analyze is not installed: tidy.service")
endif()

add_test(NAME tidy.one_definition COMMAND ${PROJECT_SOURCE_DIR}/tests/tidy/one_definition)
set_tests_properties(tidy.one_definition PROPERTIES LABELS tidy TIMEOUT 60)
