bulkhead_test(unit_common_test
  LABEL unit
  SOURCES
    unit/common/address_policy_test.cpp
    unit/common/backoff_test.cpp
    unit/common/class_threshold_test.cpp
    unit/common/clock_test.cpp
    unit/common/error_test.cpp
    unit/common/frame_rules_test.cpp
    unit/common/gst_categories_test.cpp
    unit/common/ids_test.cpp
    unit/common/ip_address_test.cpp
    unit/common/json_fields_test.cpp
    unit/common/json_parse_test.cpp
    unit/common/json_text_test.cpp
    unit/common/model_url_test.cpp
    unit/common/percent_encoding_test.cpp
    unit/common/periodic_timer_test.cpp
    unit/common/pipeline_spec_test.cpp
    unit/common/plane_geometry_test.cpp
    unit/common/stage_spec_test.cpp
    unit/common/redaction_test.cpp
    unit/common/repeated_lines_test.cpp
    unit/common/rotating_log_test.cpp
    unit/common/rtsp_session_test.cpp
    unit/common/rtsp_url_test.cpp
    unit/common/session_context_test.cpp
    unit/common/session_spec_test.cpp
    unit/common/sink_spec_test.cpp
    unit/common/token_bucket_test.cpp
    unit/common/unique_fd_test.cpp
    unit/common/utf8_test.cpp
    unit/common/weekly_schedule_test.cpp
    unit/common/zone_spec_test.cpp
  LINK bulkhead::common
)
bulkhead_test(action_spec_test
  LABEL unit
  SOURCES
    unit/common/action_spec_test.cpp
    unit/common/record_template_test.cpp
  LINK bulkhead::common
)
