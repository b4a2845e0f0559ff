bulkhead_test(config_test LABEL unit ONE_THREAD
  SOURCES
    unit/common/text_file_test.cpp
    unit/supervisor/config_test.cpp
    unit/supervisor/config_text_test.cpp
    unit/supervisor/config_schema_test.cpp
  LINK bulkhead::config
)
# The schema of pipelines against their reader (Debian: python3-jsonschema).
add_executable(fixture_reads_pipelines fixtures/reads_pipelines.cpp)
target_link_libraries(fixture_reads_pipelines PRIVATE bulkhead::common)
set_target_properties(fixture_reads_pipelines PROPERTIES
  RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/fixtures)
add_test(NAME config.pipeline_schema
  COMMAND /usr/bin/python3 -B ${PROJECT_SOURCE_DIR}/tests/process/pipeline/test_schema.py -v)
set_tests_properties(config.pipeline_schema PROPERTIES LABELS process TIMEOUT 60 ENVIRONMENT
  "BULKHEAD_CONFIG=${PROJECT_SOURCE_DIR}/config;BULKHEAD_READS_PIPELINES=$<TARGET_FILE:fixture_reads_pipelines>")
target_compile_definitions(config_test PRIVATE BULKHEAD_CONFIG_DIR="${PROJECT_SOURCE_DIR}/config")
