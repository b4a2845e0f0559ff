bulkhead_test(unit_common_test
  LABEL unit
  SOURCES
    unit/common/backoff_test.cpp
    unit/common/clock_test.cpp
    unit/common/error_test.cpp
    unit/common/ids_test.cpp
    unit/common/json_fields_test.cpp
    unit/common/json_parse_test.cpp
    unit/common/percent_encoding_test.cpp
    unit/common/pipeline_spec_test.cpp
    unit/common/redaction_test.cpp
    unit/common/rotating_log_test.cpp
    unit/common/rtsp_session_test.cpp
    unit/common/rtsp_url_test.cpp
    unit/common/session_spec_test.cpp
    unit/common/unique_fd_test.cpp
    unit/common/utf8_test.cpp
    unit/common/weekly_schedule_test.cpp
  LINK bulkhead::common
)
