# opencv::core imgproc imgcodecs dnn: found by name, because Debian's small -dev packages carry no
# CMake configuration, and the one that does pulls in all 366 libraries of OpenCV and its friends.
# An IMPORTED target's headers are SYSTEM headers: our warnings are not theirs.
find_path(OPENCV_INCLUDE_DIR opencv2/core.hpp PATH_SUFFIXES opencv4 REQUIRED)
foreach(module core imgproc imgcodecs dnn)
  find_library(OPENCV_${module}_LIBRARY opencv_${module} REQUIRED)
  mark_as_advanced(OPENCV_${module}_LIBRARY)
  if(NOT TARGET opencv::${module})
    add_library(opencv::${module} SHARED IMPORTED GLOBAL)
    set_target_properties(opencv::${module} PROPERTIES
      IMPORTED_LOCATION ${OPENCV_${module}_LIBRARY}
      INTERFACE_INCLUDE_DIRECTORIES ${OPENCV_INCLUDE_DIR}
    )
    if(NOT module STREQUAL core)
      target_link_libraries(opencv::${module} INTERFACE opencv::core)
    endif()
  endif()
endforeach()
mark_as_advanced(OPENCV_INCLUDE_DIR)
