bulkhead_test(config_test LABEL unit
  SOURCES
    unit/common/text_file_test.cpp
    unit/supervisor/config_test.cpp
    unit/supervisor/config_text_test.cpp
    unit/supervisor/config_schema_test.cpp
  LINK bulkhead::config
)
target_compile_definitions(config_test PRIVATE BULKHEAD_CONFIG_DIR="${PROJECT_SOURCE_DIR}/config")
