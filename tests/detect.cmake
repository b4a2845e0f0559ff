bulkhead_test(model_test LABEL unit ONE_THREAD
  SOURCES
    unit/worker/model_cache_test.cpp
    unit/worker/model_catalog_test.cpp
    unit/worker/model_file_test.cpp
    unit/worker/onnx_signature_test.cpp
    unit/worker/optimized_model_test.cpp
    unit/worker/signed_activations_test.cpp
  LINK bulkhead::model
)
target_compile_definitions(model_test PRIVATE
  BULKHEAD_TEST_CATALOG="${PROJECT_SOURCE_DIR}/config/models.json"
)

bulkhead_test(detect_test LABEL unit ONE_THREAD
  SOURCES
    unit/worker/class_filter_test.cpp
    unit/worker/detector_test.cpp
    unit/worker/letterbox_test.cpp
    unit/worker/model_labels_test.cpp
    unit/worker/nms_test.cpp
    unit/worker/output_layout_test.cpp
    unit/worker/yolo_decode_test.cpp
  LINK bulkhead::detect
)

bulkhead_test(cascade_test LABEL unit
  SOURCES
    unit/worker/cascade/attribute_votes_test.cpp
    unit/worker/cascade/cascade_test.cpp
    unit/worker/cascade/classifier_test.cpp
    unit/worker/cascade/crop_model_test.cpp
    unit/worker/cascade/crop_test.cpp
    unit/worker/cascade/turns_test.cpp
  LINK bulkhead::cascade
)

if(BULKHEAD_HAS_DATA)
  # Pictures, labels and COCO's measure, for tests on real models.
  add_library(bulkhead_test_pictures STATIC
    support/average_precision.cpp
    support/picture.cpp
  )
  target_link_libraries(bulkhead_test_pictures
    PUBLIC bulkhead::frame
    PRIVATE GTest::gtest opencv::imgcodecs opencv::imgproc
  )
  target_compile_definitions(bulkhead_test_pictures PUBLIC
    BULKHEAD_TEST_DATA_DIR="${BULKHEAD_DATA_DIR}"
    BULKHEAD_TEST_CATALOG="${PROJECT_SOURCE_DIR}/config/models.json"
  )
  bulkhead_test(coco_precision_test LABEL e2e
    SOURCES e2e/worker/coco_precision_test.cpp
    LINK bulkhead::detect bulkhead_test_pictures
  )
  bulkhead_test(cascade_real_models_test LABEL e2e
    SOURCES e2e/worker/cascade_real_models_test.cpp
    LINK bulkhead::worker bulkhead_test_pictures
  )
  bulkhead_test(quantized_model_test LABEL e2e
    SOURCES e2e/worker/quantized_model_test.cpp
    LINK bulkhead::detect bulkhead_test_pictures
  )
  target_compile_definitions(quantized_model_test PRIVATE
    BULKHEAD_QUANTIZE="$<TARGET_FILE:bulkhead-quantize>")
  add_dependencies(quantized_model_test bulkhead-quantize)
  bulkhead_test(real_models_test LABEL e2e
    SOURCES e2e/worker/real_models_test.cpp
    LINK bulkhead::detect bulkhead_test_pictures
  )
endif()
