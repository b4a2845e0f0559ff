# onnxruntime::onnxruntime: the distribution's own where there is one (libonnxruntime-dev since
# Debian 13), else what deploy/fetch_onnxruntime put into BULKHEAD_DEPS_DIR.
find_path(ONNXRUNTIME_INCLUDE_DIR onnxruntime_cxx_api.h PATH_SUFFIXES onnxruntime)
find_library(ONNXRUNTIME_LIBRARY onnxruntime)
if(NOT ONNXRUNTIME_INCLUDE_DIR OR NOT ONNXRUNTIME_LIBRARY)
  # Never one half from here and one from there: headers and library belong together.
  unset(ONNXRUNTIME_INCLUDE_DIR CACHE)
  unset(ONNXRUNTIME_LIBRARY CACHE)
  find_path(ONNXRUNTIME_INCLUDE_DIR onnxruntime_cxx_api.h
            PATHS ${BULKHEAD_DEPS_DIR}/onnxruntime/include NO_DEFAULT_PATH)
  find_library(ONNXRUNTIME_LIBRARY onnxruntime
               PATHS ${BULKHEAD_DEPS_DIR}/onnxruntime/lib NO_DEFAULT_PATH)
endif()
if(NOT ONNXRUNTIME_INCLUDE_DIR OR NOT ONNXRUNTIME_LIBRARY)
  message(FATAL_ERROR
    "ONNX Runtime is neither installed (libonnxruntime-dev, Debian 13 and later) nor in "
    "${BULKHEAD_DEPS_DIR}/onnxruntime. Run deploy/fetch_onnxruntime, then configure again.")
endif()
mark_as_advanced(ONNXRUNTIME_INCLUDE_DIR ONNXRUNTIME_LIBRARY)

if(NOT TARGET onnxruntime::onnxruntime)
  # CMake adds the folder of a shared library named by its full path to the RPATH of what it
  # builds, so programs find the fetched library without LD_LIBRARY_PATH.
  add_library(onnxruntime::onnxruntime SHARED IMPORTED GLOBAL)
  set_target_properties(onnxruntime::onnxruntime PROPERTIES
    IMPORTED_LOCATION ${ONNXRUNTIME_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES ${ONNXRUNTIME_INCLUDE_DIR}
  )
endif()
