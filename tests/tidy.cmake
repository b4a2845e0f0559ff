bulkhead_test(layering_test LABEL tidy
  SOURCES tidy/layering_test.cpp
  LINK bulkhead_options
)
target_include_directories(layering_test PRIVATE ${PROJECT_SOURCE_DIR})
target_compile_definitions(layering_test PRIVATE BULKHEAD_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
